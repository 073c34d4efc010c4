import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

interface Stat {
  pid: number;
  parent: number;
  /** Of the process and of its children that have ended. */
  ticks: number;
}

/** Fields of /proc/<pid>/stat; undefined when the process has just ended. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return { pid, parent: Number(fields[1]), ticks };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
    throw error;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // ended between the two looks
  }
}

function allProcesses(): Stat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => statOf(Number(pid))).filter((stat) => stat !== undefined);
}

function withDescendants(all: readonly Stat[], root: Stat): Stat[] {
  const children = all.filter(({ parent }) => parent === root.pid);
  return [root, ...children.flatMap((child) => withDescendants(all, child))];
}

/** CPU milliseconds, so far, of the child process whose command line has the word, and its children. */
export function cpuMsOfChild(word: string): number {
  const all = allProcesses();
  const child = all.find(
    ({ pid, parent }) => parent === process.pid && commandOf(pid).includes(word),
  );
  if (!child) throw new Error(`no child process runs ${word}`);
  const ticks = withDescendants(all, child).reduce((sum, stat) => sum + stat.ticks, 0);
  return (ticks * 1_000) / TICKS_PER_SECOND;
}

const LOOKS = 100;

/**
 * CPU milliseconds, so far, of a process and its children; of whose child it is does not matter.
 * A member that ends between the look at its parent and the look at itself would be in neither:
 * what counts is the second of two looks that found the same members.
 */
export function cpuMsOfFamily(pid: number): number {
  let before = familyOf(pid);
  for (let look = 0; look < LOOKS; look += 1) {
    const now = familyOf(pid);
    if (pidsOf(now) === pidsOf(before)) return (sumOfTicks(now) * 1_000) / TICKS_PER_SECOND;
    before = now;
  }
  throw new Error(`the children of process ${pid} come and go`);
}

function familyOf(pid: number): Stat[] {
  const all = allProcesses();
  const root = all.find((stat) => stat.pid === pid);
  if (!root) throw new Error(`process ${pid} has ended`);
  return withDescendants(all, root);
}

const pidsOf = (stats: readonly Stat[]): string => stats.map(({ pid }) => pid).join();

const sumOfTicks = (stats: readonly Stat[]): number =>
  stats.reduce((sum, { ticks }) => sum + ticks, 0);

/** CPU milliseconds, so far, of a child process alone. */
export function cpuMsOf({ pid }: { readonly pid?: number }): number {
  const stat = pid === undefined ? undefined : statOf(pid);
  if (!stat) throw new Error('the child process has ended');
  return (stat.ticks * 1_000) / TICKS_PER_SECOND;
}

/** The servers of a bench, both children of this process. */
export interface ServerCpu {
  readonly postgres: number;
  readonly kafka: number;
}

export function serverCpu(): ServerCpu {
  return { postgres: cpuMsOfChild('bin/postgres'), kafka: cpuMsOfChild('kafka.Kafka') };
}
