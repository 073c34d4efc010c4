const STILL_EVERY_MS = 5_000;
const started = Date.now();

/** One line on stdout with the seconds since the start. */
export function say(line: string): void {
  process.stdout.write(`[${seconds(Date.now() - started)}] ${line}\n`);
}

/** Says what is done, that it still goes on (every 5 s), and how long it took. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  const still = setInterval(() => say(`${title} … ${elapsed(began)}`), STILL_EVERY_MS);
  try {
    const result = await work();
    say(`${title}: ${elapsed(began)}`);
    return result;
  } finally {
    clearInterval(still);
  }
}

const elapsed = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

const seconds = (ms: number): string => (ms / 1000).toFixed(1).padStart(6);

/** `npm start | head` must not end the stack: what nobody reads any more is dropped. */
export function outliveReaders(): void {
  for (const output of [process.stdout, process.stderr]) {
    output.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
