import { setTimeout as delay } from 'node:timers/promises';
import type { StackPlan } from '../plan.ts';
import { apps } from '../ports.ts';
import { say } from '../progress.ts';
import { content } from './evidence/content.ts';
import type { DemoEmail, DemoTenantContext, Found, Witness } from './evidence/evidence.ts';
import { kafka } from './evidence/kafka.ts';
import { notifications } from './evidence/notifications.ts';
import { olap } from './evidence/olap.ts';
import { oltp } from './evidence/oltp.ts';
import { queue } from './evidence/queue.ts';
import { worker } from './evidence/worker.ts';
import { sendDemoEmail } from './demo-email.ts';

const EVIDENCE_WITHIN_MS = 240_000;
const POLL_MS = 100;
const NAME_WIDTH = 13;

/** In the order of an e-mail's way. With a relay of one's own there is no inbox to look into. */
function witnessesFor(plan: StackPlan): Witness<unknown>[] {
  const all = [content, oltp, kafka, queue, worker, olap, notifications] as Witness<unknown>[];
  return all.filter((witness) => witness !== worker || plan.environment.smtpUrl === undefined);
}

/**
 * Sends one e-mail with an attachment and prints what each tier then holds about it.
 *
 * @returns the tiers that had no evidence within 240 s; their lines say so
 */
export async function runDemo(plan: StackPlan): Promise<string[]> {
  const [tenant] = plan.secrets.tenants;
  if (!tenant) throw new Error('there is no demo tenant: the demonstration needs gateway and oltp');
  const witnesses = witnessesFor(plan);
  const context = { plan, tenantId: tenant.id };
  const before = await Promise.all(witnesses.map((witness) => remember(witness, context)));
  const { email, acceptedAt } = await sendDemoEmail(plan, tenant);
  say(`one e-mail sent: ${email.id}`);
  const accepted = { text: `202 accepted, e-mail ${email.id}`, at: acceptedAt };
  print('gateway', { found: accepted }, email.sentAt);
  const results = witnesses.map(async (witness, index) => {
    const result = await waitFor(witness, email, before[index]);
    return { tier: witness.tier, ...result };
  });
  const shown = await Promise.all(results);
  for (const result of shown) print(result.tier, result, email.sentAt);
  return shown.filter(({ found }) => !found).map(({ tier }) => tier);
}

/** Just after the first start Kafka is still giving its new topics their leaders. */
async function remember(witness: Witness<unknown>, context: DemoTenantContext): Promise<unknown> {
  const deadline = Date.now() + EVIDENCE_WITHIN_MS;
  for (;;) {
    try {
      return await witness.before(context);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await delay(POLL_MS);
  }
}

/** What one tier had to show, or why it had nothing. */
interface Result {
  found?: Found;
  reason?: string;
}

/** Asks until the tier has done its part; one that does not answer may be restarting. */
async function waitFor(
  witness: Witness<unknown>,
  email: DemoEmail,
  before: unknown,
): Promise<Result> {
  const { apps: started } = email.plan;
  const isApp = apps.some((app) => app === witness.tier);
  if (isApp && !started.some((app) => app === witness.tier))
    return { reason: 'not started (--apps)' };
  const deadline = Date.now() + EVIDENCE_WITHIN_MS;
  for (;;) {
    const result = await ask(witness, email, before);
    if (result.found || Date.now() > deadline) return result;
    await delay(POLL_MS);
  }
}

async function ask(witness: Witness<unknown>, email: DemoEmail, before: unknown): Promise<Result> {
  try {
    return { found: await witness.after(email, before) };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

function print(
  tier: string,
  { found, reason = `no evidence after ${EVIDENCE_WITHIN_MS / 1000} s` }: Result,
  since: Date,
): void {
  const name = tier.padEnd(NAME_WIDTH);
  const line = found
    ? `${after(since, found.at)}  ${name}  ${found.text}`
    : `   MISSING  ${name}  ${reason}`;
  process.stdout.write(`${line}\n`);
}

const after = (since: Date, at: Date): string =>
  `+${((at.getTime() - since.getTime()) / 1000).toFixed(3)} s`.padStart(10);
