import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;

/**
 * A directory below the system's temporary one that belongs to this repository and user, and that
 * other users can pass but not write.
 *
 * @throws Error when somebody else has made a directory of that name
 */
export function privateTemporaryDirectory(purpose: string, repository: string): string {
  const owner = process.getuid?.() ?? 0;
  const hash = createHash('sha256').update(repository).digest('hex').slice(0, 12);
  const path = join(tmpdir(), `penguinmails-${owner}-${purpose}-${hash}`);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== owner || found.mode & WRITABLE_BY_OTHERS) {
    throw new Error(`${path} was not made by this user: remove it, then run this again`);
  }
  return path;
}
