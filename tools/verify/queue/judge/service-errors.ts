import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const seen = new Map<string, number>();

/** What PostgreSQL reported as error since the last call, except what may be. */
export function unexpectedErrors(directory: string, expected?: RegExp): string[] {
  const logs = join(directory, 'logs');
  if (!existsSync(logs)) return [];
  const names = readdirSync(logs).filter((name) => name === 'queue-db.log');
  const lines = names.flatMap((name) => newLines(join(logs, name)));
  return lines.filter((line) => / (ERROR|FATAL|PANIC): /.test(line) && !expected?.test(line));
}

function newLines(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const from = seen.get(file) ?? 0;
  seen.set(file, text.length);
  return text.slice(from).split('\n');
}
