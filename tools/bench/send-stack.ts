import { setTimeout as pause } from 'node:timers/promises';
import { callGateway, GatewayRefusal } from '../stack/demo/gateway.ts';
import { withClient } from '../stack/postgres/query.ts';
import type { Tier } from '../stack/ports.ts';
import { tiers } from '../stack/ports.ts';
import type { StackDescription } from '../stack/stack-file.ts';

const AT_ONCE = 16;
const ACCEPT_TRIES = 20;
const BUSY_PAUSE_MS = 250;
const LOOK_EVERY_MS = 50;
const WITHIN_MS = 600_000;

/** Somebody who sends. */
export interface Sender {
  readonly id: string;
  readonly key: string;
  readonly from: string;
}

/** How far the e-mails of all runs have come. */
export interface Progress {
  readonly accepted: number;
  readonly delivered: number;
  readonly summarised: number;
}

export interface SampleMessage {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** An ordinary transactional message of about 3 kB, each a little different. */
export function sampleMessage(tag: string): SampleMessage {
  const line = 'A line of an ordinary message, about as long as such lines usually are.';
  return {
    subject: `Your order ${tag} is on its way`,
    text: `Hello ${tag},\n\n${`${line}\n`.repeat(8)}`,
    html: `<p>Hello ${tag},</p>${`<p style="margin:0 0 8px">${line}</p>\n`.repeat(24)}`,
  };
}

/** The stack of a bench, by its public API and by an administrator's look into its databases. */
export class SendStack {
  readonly description: StackDescription;

  constructor(stack: StackDescription) {
    this.description = stack;
  }

  /** Makes tenants by the public API. */
  async createSenders(count: number): Promise<Sender[]> {
    const senders: Sender[] = [];
    for (let n = 0; n < count; n += 1) senders.push(await this.createSender(n));
    return senders;
  }

  private async createSender(n: number): Promise<Sender> {
    const slug = `bench-${n}-${Date.now().toString(36)}`;
    const owner = { email: `owner@${slug}.example`, name: 'Owner' };
    const body = { name: `Bench ${n}`, slug, owner };
    const created = await this.call<{
      id: string;
      mailbox: { address: string };
      api_keys: { mode: string; key: string }[];
    }>(this.description.keys.platform ?? '', 'POST', '/v1/admin/tenants', body);
    const key = created.api_keys.find(({ mode }) => mode === 'live')?.key ?? '';
    return { id: created.id, key, from: created.mailbox.address };
  }

  /** Has `total` e-mails accepted, spread evenly over the senders; every recipient is another. */
  async accept(senders: readonly Sender[], total: number, tag: string): Promise<void> {
    let next = 0;
    const one = async (): Promise<void> => {
      for (let n = next++; n < total; n = next++) {
        const { key, from } = senders[n % senders.length]!;
        const to = `${tag}-${n}@receiver.example`;
        const email = { from, to, ...sampleMessage(`${tag}-${n}`) };
        await this.acceptOne(key, email);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  /** A tier that is too busy to answer is asked again; an e-mail taken twice fails the run later. */
  private async acceptOne(key: string, email: object): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.call(key, 'POST', '/v1/emails', email);
        return;
      } catch (error) {
        const busy = error instanceof GatewayRefusal && error.status === 503;
        if (!busy || tries === ACCEPT_TRIES) throw error;
        await pause(BUSY_PAUSE_MS);
      }
    }
  }

  private call<T>(key: string, method: string, path: string, body: object): Promise<T> {
    return callGateway<T>({ publicUrl: this.description.gateway.url }, key, method, path, body);
  }

  /** With the type paused, claims leave the jobs alone while everything else goes on. */
  async pauseSending(paused: boolean): Promise<void> {
    await this.query(
      'queue',
      `INSERT INTO queue_controls (job_type, paused) VALUES ('send_email', $1)
       ON CONFLICT (job_type) DO UPDATE SET paused = EXCLUDED.paused`,
      [paused],
    );
  }

  async progress(): Promise<Progress> {
    const [activity, days] = await Promise.all([
      this.query<{ accepted: string; delivered: string }>(
        'olap',
        `SELECT coalesce(sum(accepted_count), 0) AS accepted,
           coalesce(sum(delivered_count), 0) AS delivered FROM email_activity_hourly`,
      ),
      this.query<{ delivered: string }>(
        'notifications',
        'SELECT coalesce(sum(delivered), 0) AS delivered FROM delivery_days',
      ),
    ]);
    return {
      accepted: Number(activity[0]?.accepted),
      delivered: Number(activity[0]?.delivered),
      summarised: Number(days[0]?.delivered),
    };
  }

  /** Everything that accepting causes is over: counted, enqueued, no event waits. */
  async untilLoaded(accepted: number, waiting: number): Promise<void> {
    await this.until(async () => {
      if ((await this.progress()).accepted !== accepted) return false;
      const mail = "SELECT count(*) FROM job_queue WHERE job_type = 'send_email'";
      if ((await this.count('queue', mail)) !== waiting) return false;
      const outboxes = tiers.map((tier) => this.count(tier, 'SELECT count(*) FROM outbox'));
      return (await Promise.all(outboxes)).every((rows) => rows === 0);
    });
  }

  /** Delivered as olap and notifications count: behind oltp, and after every event on the way. */
  async untilDelivered(total: number): Promise<void> {
    await this.until(async () => {
      const { delivered, summarised } = await this.progress();
      return delivered === total && summarised === total;
    });
  }

  /** When the first job of a run was leased, by this machine's clock. */
  async firstLease(since: Date): Promise<Date> {
    const rows = await this.query<{ at: Date }>(
      'queue',
      `SELECT min(started_at) AS at FROM job_history
       WHERE completed_at > $1 AND job_type = 'send_email'`,
      [since],
    );
    return rows[0]!.at;
  }

  count(tier: Tier, text: string): Promise<number> {
    return this.query<{ count: string }>(tier, text).then(([row]) => Number(row?.count));
  }

  /** As an administrator: all tenants. */
  query<R extends object>(tier: Tier, text: string, values: unknown[] = []): Promise<R[]> {
    const { admin_url } = this.description.databases[tier];
    return withClient(admin_url, async (client) => (await client.query<R>(text, values)).rows);
  }

  private async until(isDone: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + WITHIN_MS;
    while (!(await isDone())) {
      if (Date.now() > deadline) throw new Error(`not done after ${WITHIN_MS} ms`);
      await pause(LOOK_EVERY_MS);
    }
  }
}
