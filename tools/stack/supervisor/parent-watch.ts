const POLL_MS = 500;

/**
 * Calls `gone` once when the process that started this one has ended. A process that was started
 * without a parent to lose (by init) is never called.
 */
export function watchParent(gone: () => void): NodeJS.Timeout {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, POLL_MS);
  return timer.unref();
}
