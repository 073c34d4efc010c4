import { setTimeout as delay } from 'node:timers/promises';
import { queryOnce } from '../stack/postgres/query.ts';
import { readArrivals, readFacts } from './judge/facts.ts';
import { type Expected, judge, type Verdict } from './judge/judge.ts';
import { consumerLag } from './judge/lag.ts';
import type { Ledger } from './ledger.ts';
import type { RoundSettings } from './round.ts';
import type { ChaosStack } from './stack/chaos-stack.ts';

const SETTLED_WITHIN_MS = 300_000;
const POLL_MS = 1_000;
const QUIET_MS = 3_000;

/** Asks until nothing is wrong any more; what still is after 300 s stays in the verdict. */
export async function untilSettled(
  { stack, ledger, settledWithinMs = SETTLED_WITHIN_MS }: RoundSettings,
  tenants: string[],
  label: string,
  inFlightAtWorker: number,
): Promise<{ verdict: Verdict; settledAt: number }> {
  const deadline = Date.now() + settledWithinMs;
  const expected = expectedOf(ledger, label, inFlightAtWorker);
  for (;;) {
    const verdict = await judgeNow(stack, tenants, expected);
    const settledAt = performance.now();
    if (verdict.violations.length > 0 && Date.now() < deadline) {
      await runRetriesNow(stack, tenants);
      await delay(POLL_MS);
      continue;
    }
    if (inFlightAtWorker === 0 || verdict.violations.length > 0) return { verdict, settledAt };
    await untilQuiet(stack);
    return { verdict: await judgeNow(stack, tenants, expected), settledAt };
  }
}

async function judgeNow(
  stack: ChaosStack,
  tenants: string[],
  expected: Expected,
): Promise<Verdict> {
  const verdict = judge(expected, await readFacts(stack.describe(), tenants));
  if (verdict.violations.length > 0) return verdict;
  const lag = await lagNow(stack);
  return lag === undefined ? verdict : { ...verdict, violations: [`lag: ${lag}`] };
}

/** Undefined when nobody is behind. A broker that does not answer in time is asked again like one that tells of a lag. */
async function lagNow(stack: ChaosStack): Promise<string | undefined> {
  try {
    const lag = await consumerLag(stack.describe());
    return lag > 0 ? `${lag}` : undefined;
  } catch (error) {
    return `not told: ${(error as Error).message}`;
  }
}

function expectedOf(ledger: Ledger, label: string, inFlightAtWorker: number): Expected {
  const mine = (key: string): boolean => key.startsWith(`${label}-`);
  return {
    tried: [...ledger.tried.values()].filter(({ key }) => mine(key)),
    acked: new Map([...ledger.acked].filter(([key]) => mine(key))),
    inFlightAtWorker,
  };
}

/** A deferred or unknown try waits a minute and more: time is made to pass, nothing else is touched. */
async function runRetriesNow(stack: ChaosStack, tenants: string[]): Promise<void> {
  await queryOnce(
    stack.describe().databases.queue.admin_url,
    `UPDATE job_queue SET scheduled_at = now()
     WHERE tenant_id = ANY ($1) AND status = 'pending' AND scheduled_at > now()`,
    [tenants],
  );
}

/** A worker that has slept goes on with what it had begun, after others have finished it. */
async function untilQuiet(stack: ChaosStack): Promise<void> {
  for (let seen = -1; ;) {
    const { length } = readArrivals(stack.describe());
    if (length === seen) return;
    seen = length;
    await delay(QUIET_MS);
  }
}
