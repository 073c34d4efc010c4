import { existsSync, readFileSync } from 'node:fs';
import type { StackDescription } from '../stack/stack-file.ts';
import { family } from '../stack/supervisor/process-family.ts';

/** USER_HZ, which Linux has fixed at 100 for what /proc shows. */
const MS_PER_TICK = 10;

/** CPU time by part, milliseconds. */
export type CpuTimes = Readonly<Record<string, number>>;

/**
 * CPU time (user and system) of every part of a running stack since its start. A part is its process
 * with all descendants, exited ones included: a PostgreSQL cluster counts as a whole.
 */
export function cpuTimes(stack: StackDescription, others: Record<string, number>): CpuTimes {
  const databases = Object.entries(stack.databases).map(([tier, { pid }]) => [`${tier}-db`, pid]);
  const apps = Object.entries(stack.processes).map(([app, { pid }]) => [app, pid]);
  const parts = [...apps, ...databases, ['kafka', stack.kafka.pid], ...Object.entries(others)];
  return Object.fromEntries(parts.map(([part, pid]) => [part, familyTime(pid as number | null)]));
}

/** What each part used between two readings. */
export function cpuBetween(before: CpuTimes, after: CpuTimes): CpuTimes {
  const used = Object.entries(after).map(([part, ms]) => [part, ms - (before[part] ?? 0)]);
  return Object.fromEntries(used);
}

function familyTime(pid: number | null): number {
  if (pid === null) return 0;
  return family(pid).reduce((sum, member) => sum + ownTime(member), 0);
}

/** Of a process and of its children that have exited; zero when it has just gone itself. */
function ownTime(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const stat = readFileSync(file, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // proc(5): utime, stime, cutime, cstime are fields 14 to 17; fields[0] is the third.
  const ticks = fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
  return ticks * MS_PER_TICK;
}

/** What each part used for one operation between two readings, and all together, in milliseconds. */
export function cpuPer(operations: number, before: CpuTimes, after: CpuTimes): CpuTimes {
  const used = Object.entries(cpuBetween(before, after));
  const sum = used.reduce((total, [, ms]) => total + ms, 0);
  const perOperation = (ms: number): number =>
    Math.round((ms / Math.max(1, operations)) * 1e3) / 1e3;
  return Object.fromEntries(
    [...used, ['sum', sum] as const].map(([part, ms]) => [part, perOperation(ms)]),
  );
}
