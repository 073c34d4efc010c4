import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../stack/repository.ts';
import { temporaryDirectory } from '../test/test-parts.ts';

/** What is committed, in a directory with nothing installed, compiled or downloaded. */
export function freshClone(): { directory: string; remove(): void } {
  const place = temporaryDirectory();
  const directory = join(place, 'clone');
  execFileSync('git', ['clone', '--quiet', root, directory]);
  return { directory, remove: () => rmSync(place, { recursive: true, force: true }) };
}
