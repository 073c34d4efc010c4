import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const START_TIME_FIELD = 19; // field 22 of proc(5) stat, counted after the command's closing bracket

/** A process told apart from a later one that was given the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Kernel start time, opaque; with the boot's id, so that no reboot can repeat it. */
  started: string;
}

/** Who runs under `pid` now; undefined when nobody does, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = existsSync('/proc/self/stat') ? linuxStart(pid) : posixStart(pid);
  return started === undefined ? undefined : { pid, started };
}

/** True while the very process that was recorded is alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

function linuxStart(pid: number): string | undefined {
  const stat = readIfPresent(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${bootId()}/${fields[START_TIME_FIELD]}`;
}

function bootId(): string {
  return (readIfPresent('/proc/sys/kernel/random/boot_id') ?? '').trim();
}

/** The file's text; undefined when the process ended before or during the read. */
function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function posixStart(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch (error) {
    if ((error as { status?: number }).status === 1) return undefined;
    throw error;
  }
}
