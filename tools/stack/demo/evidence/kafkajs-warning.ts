const NAME = 'TimeoutNegativeWarning';
let done = false;

/**
 * kafkajs 2.2.4 sets timers in the past, which Node 24 warns of and handles as it always did. The
 * apps are started with `--disable-warning`; this process was started by a Node that may not know it.
 */
export function withoutTimerWarning(): void {
  if (done) return;
  done = true;
  const emit = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]) => {
    if (!args.includes(NAME)) emit(...args);
  };
}
