import { setTimeout as delay } from 'node:timers/promises';
import type { Json } from './api.ts';
import { copiesTo } from './inbox.ts';
import type { Cell } from './parts.ts';
import type { Accepted, World } from './world.ts';

const CAUGHT_UP_WITHIN_MS = 240_000;
const LOOK_EVERY_MS = 250;
/** A mail server that was away: the next try comes by the backoff of its job, not by the outage's end. */
const WAITING = ['deferred', 'unknown'];

export interface CatchUp {
  readonly ms: number;
  readonly delivered: number;
  /** Left for their next try: only after an outage of the mail server. */
  readonly waiting: number;
  /** Second copies with the same Message-ID, which a crash of the worker may leave. */
  readonly secondCopies: number;
  readonly violations: readonly string[];
}

interface Health {
  readonly status: string;
  readonly tiers: readonly {
    readonly tier: string;
    readonly data: {
      readonly outbox: { readonly depth: number } | null;
      readonly consumer: { readonly lag: number } | null;
    } | null;
  }[];
}

/**
 * Waits until nothing is left to do of what the fault held up, then counts.
 *
 * @param began `performance.now()` when the fault had ended
 */
export async function catchUp(
  cell: Cell,
  world: World,
  inboxUrl: string,
  began: number,
): Promise<CatchUp> {
  const mail = new Mail(cell, world);
  let left: string;
  do {
    left = (await backlogOf(world)) ?? (await world.adopt()) ?? (await mail.left()) ?? '';
    left ||= (await miscount(world, mail)) ?? '';
    if (left === '') break;
    await delay(LOOK_EVERY_MS);
  } while (performance.now() - began < CAUGHT_UP_WITHIN_MS);
  const ms = Math.round(performance.now() - began);
  const late = left === '' ? [] : [`not caught up after ${ms} ms: ${left}`];
  const { secondCopies, violations } = await mail.copies(inboxUrl);
  const { delivered, waiting } = mail;
  return { ms, delivered, waiting, secondCopies, violations: [...late, ...violations] };
}

/** Outboxes and consumers of the five tiers; undefined when they have nothing left. */
async function backlogOf(world: World): Promise<string | undefined> {
  const { status, body } = await world.platform.get('/v1/admin/health');
  if (status !== 200) return `health is ${status}`;
  const health = body as unknown as Health;
  if (health.status !== 'ok') return `health is ${health.status}`;
  const busy = health.tiers.find(
    ({ data }) => data?.outbox?.depth !== 0 || data.consumer?.lag !== 0,
  );
  return busy && `${busy.tier} has ${JSON.stringify([busy.data?.outbox, busy.data?.consumer])}`;
}

/** The e-mails of the world, looked at until each is as far as it gets. */
class Mail {
  readonly #cell: Cell;
  readonly #world: World;
  readonly #ended = new Map<string, string>();

  constructor(cell: Cell, world: World) {
    this.#cell = cell;
    this.#world = world;
  }

  get delivered(): number {
    return [...this.#ended.values()].filter((status) => status === 'delivered').length;
  }

  get waiting(): number {
    return this.#ended.size - this.delivered;
  }

  async left(): Promise<string | undefined> {
    const open = this.#world.accepted.filter(({ id }) => this.#ended.get(id) !== 'delivered');
    for (const { id } of open) {
      const { body } = await this.#world.tenant.get(`/v1/emails/${id}`);
      const status = String(body?.status);
      if (!this.#isFinal(status)) return `e-mail ${id} is ${status}`;
      this.#ended.set(id, status);
    }
    return undefined;
  }

  async copies(inboxUrl: string): Promise<{ secondCopies: number; violations: string[] }> {
    const violations: string[] = [];
    let secondCopies = 0;
    for (const email of this.#world.accepted) {
      const copies = await copiesTo(inboxUrl, email.to);
      const { fewest, most } = await this.#allowed(email);
      if (copies < fewest || copies > most) violations.push(`${copies} copies of ${email.id}`);
      else secondCopies += Math.max(0, copies - 1);
    }
    return { secondCopies, violations };
  }

  #isFinal(status: string): boolean {
    if (status === 'delivered') return true;
    return this.#cell.part.name === 'smtp' && WAITING.includes(status);
  }

  /** One copy of what was delivered, and one of each try whose outcome nobody knows (section 5). */
  async #allowed({ id }: Accepted): Promise<{ fewest: number; most: number }> {
    const { part } = this.#cell;
    const delivered = this.#ended.get(id) === 'delivered' ? 1 : 0;
    if (part.name === 'worker') return { fewest: delivered, most: delivered + 1 };
    if (part.name !== 'smtp') return { fewest: delivered, most: delivered };
    const { body } = await this.#world.tenant.get(`/v1/emails/${id}?include=attempts`);
    const { data } = (body?.attempts ?? {}) as { data?: readonly { outcome: string }[] };
    const unknown = (data ?? []).filter(({ outcome }) => outcome === 'unknown').length;
    return { fewest: delivered, most: delivered + unknown };
  }
}

/** Bills and announcements against what was accepted; undefined when they are exact. */
async function miscount({ tenant, accepted }: World, mail: Mail): Promise<string | undefined> {
  const [billing, notifications] = await Promise.all([
    tenant.get('/v1/analytics/billing'),
    tenant.get('/v1/notifications'),
  ]);
  const sum = (field: string): number =>
    rowsOf(billing.body).reduce((n, row) => n + Number(row[field]), 0);
  const sent = sum('emails_sent');
  const delivered = sum('emails_delivered');
  if (sent !== accepted.length) return `${sent} of ${accepted.length} e-mails are billed as sent`;
  if (delivered !== mail.delivered) return `${delivered} of ${mail.delivered} billed as delivered`;
  const announced = rowsOf(notifications.body)
    .filter(({ type }) => type === 'delivery_summary')
    .reduce((n, { message }) => n + Number.parseInt(String(message), 10), 0);
  return announced === mail.delivered ? undefined : `${announced} of ${mail.delivered} announced`;
}

const rowsOf = (body: Json | undefined): readonly Json[] =>
  (body?.data as Json[] | undefined) ?? [];
