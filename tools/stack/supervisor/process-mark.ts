import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Part } from './part.ts';
import { family } from './process-family.ts';
import { identify } from './process-identity.ts';
import type { ProcessRecord } from './process-records.ts';

const VARIABLE = 'PENGUINMAILS_PART';

type MarkedPart = Pick<Part, 'name' | 'stopSignal' | 'order'>;

/**
 * What a process carries in its environment from its first instruction on. A supervisor may be killed
 * between a spawn and its record; by this mark the process is found all the same (on Linux).
 */
export function markOf(dataDirectory: string, part: MarkedPart): Record<string, string> {
  const { name, stopSignal, order } = part;
  return { [VARIABLE]: JSON.stringify({ dataDirectory, part: name, stopSignal, order }) };
}

/** Living processes that carry the mark of this data directory, without their own children. */
export function markedProcesses(dataDirectory: string): ProcessRecord[] {
  if (!existsSync('/proc/self/environ')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.flatMap((pid) => markedRecord(Number(pid), dataDirectory));
  const children = new Set(found.flatMap(({ pid }) => family(pid).slice(1)));
  return found.filter(({ pid }) => !children.has(pid));
}

function markedRecord(pid: number, dataDirectory: string): ProcessRecord[] {
  const mark = environmentOf(pid).find((line) => line.startsWith(`${VARIABLE}=`));
  const identity = mark === undefined ? undefined : identify(pid);
  if (mark === undefined || !identity) return [];
  const { dataDirectory: of, ...part } = JSON.parse(mark.slice(VARIABLE.length + 1)) as Omit<
    ProcessRecord,
    keyof typeof identity
  > & { dataDirectory: string };
  return of === dataDirectory ? [{ ...identity, ...part }] : [];
}

/** Empty for a process that has ended or belongs to somebody else. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code)) return [];
    throw error;
  }
}
