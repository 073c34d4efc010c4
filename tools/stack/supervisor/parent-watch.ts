const POLL_MS = 500;

/**
 * Calls `gone` once when the process that started this one has ended. (`npm start` says `exec`, so
 * that this is npm and not a shell between, which would outlive npm and keep signals to itself.) A
 * process that init started has no parent to lose.
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
