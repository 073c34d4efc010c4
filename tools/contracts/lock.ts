import { createHash } from 'node:crypto';
import type { ContractFolder } from './contract-folders.ts';
import { eventType } from './registry-files.ts';

/** Content of events/lock.json: the SHA-256 of every released schema file, by event type. */
export type Lock = Readonly<Record<string, string>>;

/** Adds what is new. An entry that exists is never changed: a released version is immutable. */
export function extendLock(lock: Lock, events: readonly ContractFolder[]): Lock {
  const all = { ...currentHashes(events), ...lock };
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One sentence for each locked schema that was changed or removed. */
export function lockFaults(lock: Lock, events: readonly ContractFolder[]): string[] {
  const current = currentHashes(events);
  return Object.entries(lock)
    .filter(([type, sha256]) => current[type] !== sha256)
    .map(([type]) =>
      current[type]
        ? `${type}: its schema is released and was changed; publish a new version beside it`
        : `${type}: it is released and its schema is gone`,
    );
}

function currentHashes(events: readonly ContractFolder[]): Record<string, string> {
  return Object.fromEntries(
    events.map((event) => [
      eventType(event),
      createHash('sha256').update(event.schemaText).digest('hex'),
    ]),
  );
}
