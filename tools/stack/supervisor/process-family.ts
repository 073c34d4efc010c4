import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** [pid, parent's pid] */
type Link = readonly [number, number];

/**
 * A process and all its descendants, parents first. PostgreSQL's backends leave their parent's
 * process group, so a signal to the group does not reach them.
 */
export function family(pid: number): number[] {
  const links = existsSync('/proc/self/stat') ? linuxLinks() : posixLinks();
  const found = [pid];
  for (const parent of found) {
    found.push(...links.filter((link) => link[1] === parent).map((link) => link[0]));
  }
  return found;
}

/** Sends a signal to a process and its descendants; one that has just ended is no error. */
export function signalFamily(pid: number, signal: NodeJS.Signals): void {
  for (const member of family(pid)) sendIfPresent(member, signal);
}

function sendIfPresent(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function linuxLinks(): Link[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => linuxLink(pid));
}

function linuxLink(pid: string): Link[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    return [[Number(pid), Number(parent)]];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return [];
    throw error;
  }
}

function posixLinks(): Link[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim();
  return lines.split('\n').map((line) => {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    return [pid ?? 0, parent ?? 0];
  });
}
