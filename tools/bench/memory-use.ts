import { existsSync, readFileSync } from 'node:fs';
import { readStackFile, type StackDescription } from '../stack/stack-file.ts';
import { family } from '../stack/supervisor/process-family.ts';

const KIB = 1024;

/** Proportional set sizes in bytes, all of it and (in MiB) part by part. */
export interface ProductMemory {
  total: number;
  parts: Record<string, number>;
}

/** Memory of all processes of a running stack; shared pages count once over all of them (PSS). */
export function productMemory(dataDirectory: string): ProductMemory {
  const stack = readStackFile(dataDirectory);
  if (!stack) throw new Error(`no stack runs from ${dataDirectory}`);
  const sizes = Object.entries(pidsOf(stack)).map(([part, pids]) => [part, sum(pids)] as const);
  const parts = sizes.map(([part, bytes]) => [part, Math.round(bytes / KIB / KIB)]);
  return {
    total: sizes.reduce((total, [, bytes]) => total + bytes, 0),
    parts: Object.fromEntries(parts),
  };
}

const sum = (pids: readonly number[]): number =>
  pids.reduce((total, pid) => total + proportionalSize(pid), 0);

/** The supervisor's descendants are all the others, so it is counted without them. */
function pidsOf(stack: StackDescription): Record<string, number[]> {
  const withChildren = (pid: number | null): number[] => (pid === null ? [] : family(pid));
  const databases = Object.entries(stack.databases).map(([tier, { pid }]) => [`${tier}-db`, pid]);
  const apps = Object.entries(stack.processes).map(([app, { pid }]) => [app, pid]);
  const parts = [...apps, ...databases, ['kafka', stack.kafka.pid], ['smtp', stack.smtp.pid]];
  return {
    supervisor: [stack.supervisor_pid],
    ...Object.fromEntries(parts.map(([part, pid]) => [part, withChildren(pid as number | null)])),
  };
}

/** Zero for a process that has just ended. */
function proportionalSize(pid: number): number {
  const file = `/proc/${pid}/smaps_rollup`;
  if (!existsSync(file)) return 0;
  return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) * KIB;
}
