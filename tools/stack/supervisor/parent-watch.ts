import { existsSync, readFileSync } from 'node:fs';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { parentOf } from './process-family.ts';

const POLL_MS = 500;
const SET_BY_NPM = /(^|\0)npm_lifecycle_event=/;

/**
 * Calls `gone` once when the process that started this one has ended. Under `npm start` that is npm,
 * with a shell between that outlives it. A process that init started has no parent to lose.
 */
export function watchParent(gone: () => void): NodeJS.Timeout {
  const parent = process.ppid;
  const npm = npmAbove(parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && npm.every(isAlive)) return;
    clearInterval(timer);
    gone();
  }, POLL_MS);
  return timer.unref();
}

/** Every ancestor up to the npm that runs this script; none elsewhere than on Linux. */
function npmAbove(parent: number): ProcessIdentity[] {
  const found: ProcessIdentity[] = [];
  for (let pid = parent; startedByNpm(pid);) {
    pid = parentOf(pid) ?? 0;
    const identity = identify(pid);
    if (identity) found.push(identity);
  }
  return found;
}

function startedByNpm(pid: number): boolean {
  const file = `/proc/${pid}/environ`;
  return pid > 1 && existsSync(file) && SET_BY_NPM.test(readFileSync(file, 'utf8'));
}
