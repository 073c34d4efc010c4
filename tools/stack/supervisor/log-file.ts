import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
} from 'node:fs';

const MAXIMUM_BYTES = 10 * 1024 * 1024;
const READ_AT_MOST = 64 * 1024;

/**
 * A part's log. The child writes to it by itself (append mode), so output survives the supervisor;
 * rotation therefore copies and truncates instead of renaming.
 */
export class LogFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** A descriptor for the child's stdout and stderr; the caller closes it after the spawn. */
  open(): number {
    this.rotate();
    return openSync(this.path, 'a', 0o644);
  }

  close(descriptor: number): void {
    closeSync(descriptor);
  }

  /** Keeps one earlier file, `<path>.1`, once the log has grown over 10 MiB. */
  rotate(): void {
    if (!existsSync(this.path) || statSync(this.path).size < MAXIMUM_BYTES) return;
    copyFileSync(this.path, `${this.path}.1`);
    truncateSync(this.path);
  }

  /** The last `count` lines, for a message about a part that did not start. */
  tail(count: number): string {
    if (!existsSync(this.path)) return '';
    const text = readFileSync(this.path, 'utf8').slice(-READ_AT_MOST);
    return text.trimEnd().split('\n').slice(-count).join('\n');
  }
}
