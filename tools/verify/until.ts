import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

/** What was waited for did not come; the message says what. */
export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/** Asks until the answer is true. @throws NotInTime */
export async function until(
  what: string,
  check: () => Promise<boolean>,
  timeoutMs = 300_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new NotInTime(`${what}: not within ${timeoutMs} ms`);
    await delay(LOOK_EVERY_MS);
  }
}
