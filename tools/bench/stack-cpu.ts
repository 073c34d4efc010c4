import { existsSync, readFileSync } from 'node:fs';
import type { StackDescription } from '../stack/stack-file.ts';
import { family } from '../stack/supervisor/process-family.ts';

const TICKS_PER_SECOND = 100;

/** CPU milliseconds (user and system) by part since its processes began. */
export type CpuReading = Record<string, number>;

/** Every part of a running stack, its child processes included, and `client`: this process. */
export function readCpu(stack: StackDescription, more: Record<string, number> = {}): CpuReading {
  const apps = Object.entries(stack.processes).map(([app, { pid }]) => [app, pid] as const);
  const databases = Object.entries(stack.databases).map(
    ([tier, { pid }]) => [`${tier}-db`, pid] as const,
  );
  const others = [['kafka', stack.kafka.pid] as const, ['smtp', stack.smtp.pid] as const];
  const readings = [...apps, ...databases, ...others, ...Object.entries(more)].map(
    ([part, pid]) => [part, pid === null ? 0 : familyCpu(pid)] as const,
  );
  const { user, system } = process.cpuUsage();
  return { ...Object.fromEntries(readings), client: (user + system) / 1000 };
}

/** What each part used between two readings, per operation, in milliseconds. */
export function cpuPer(operations: number, before: CpuReading, after: CpuReading): CpuReading {
  const used = Object.keys(after).map((part) => {
    const ms = ((after[part] ?? 0) - (before[part] ?? 0)) / Math.max(1, operations);
    return [part, Math.round(ms * 1000) / 1000] as const;
  });
  const sum = used.reduce((total, [, ms]) => total + ms, 0);
  return { ...Object.fromEntries(used), sum: Math.round(sum * 1000) / 1000 };
}

/** Children that have ended count as well: PostgreSQL's are waited for by their parent. */
function familyCpu(pid: number): number {
  const [own, ...children] = family(pid);
  const of = children.reduce((total, child) => total + ticks(child, false), 0);
  return ((ticks(own ?? pid, true) + of) * 1000) / TICKS_PER_SECOND;
}

function ticks(pid: number, withEnded: boolean): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const stat = readFileSync(file, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return user + system + (withEnded ? endedUser + endedSystem : 0);
}
