import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

/**
 * Claims a data directory for this process; a claim whose holder has died is taken over.
 *
 * @throws Error with the pid when another supervisor is alive there
 */
export function claimDataDirectory(dataDirectory: string): void {
  const file = claimFile(dataDirectory);
  const holder = readHolder(file);
  if (holder && isAlive(holder) && holder.pid !== process.pid) {
    throw new Error(
      `a stack already runs from ${dataDirectory} (pid ${holder.pid}): ` +
        'stop it with "npm run stack -- stop", or give another --data-dir',
    );
  }
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify(identify(process.pid)), { flag: 'wx' });
}

export function releaseDataDirectory(dataDirectory: string): void {
  rmSync(claimFile(dataDirectory), { force: true });
}

/** The living supervisor of a data directory. */
export function supervisorOf(dataDirectory: string): ProcessIdentity | undefined {
  const holder = readHolder(claimFile(dataDirectory));
  return holder && isAlive(holder) ? holder : undefined;
}

function claimFile(dataDirectory: string): string {
  return `${dataDirectory}/supervisor.json`;
}

function readHolder(file: string): ProcessIdentity | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  return text === '' ? undefined : (JSON.parse(text) as ProcessIdentity);
}
