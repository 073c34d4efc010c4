import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalLine } from '../worker/journal-line.ts';

/** All lines of all workers, in time. A worker that was killed may have left half a line. */
export function readJournals(directory: string): JournalLine[] {
  const folder = join(directory, 'journals');
  if (!existsSync(folder)) return [];
  const lines = readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .flatMap((line) => parsed(line)),
  );
  return lines.sort((a, b) => a.at - b.at);
}

function parsed(line: string): JournalLine[] {
  if (!line.startsWith('{') || !line.endsWith('}')) return [];
  return [JSON.parse(line) as JournalLine];
}
