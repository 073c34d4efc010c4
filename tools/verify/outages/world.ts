import { randomUUID } from 'node:crypto';
import { Api, type Answer, expectStatus, type Json } from './api.ts';
import { until } from './until.ts';
import { newAddress } from './sample.ts';
import type { Route } from './document.ts';

const SETTLED_WITHIN_MS = 240_000;

interface NewTenant {
  readonly mailbox: { readonly address: string };
  readonly api_keys: readonly { readonly mode: string; readonly key: string }[];
}

/** An e-mail that was answered 202. */
export interface Accepted {
  readonly id: string;
  readonly to: string;
}

interface Listed extends Accepted {
  readonly scheduled_at: string | null;
}

/** A tenant of one cell's own, what it has, and every e-mail that was accepted of it. */
export class World {
  readonly accepted: Accepted[] = [];
  /** Sends that were not answered 202: each may have been accepted all the same. */
  #unsure = 0;
  #adopted = 0;
  readonly tenant: Api;
  readonly #platform: Api;
  readonly #anonymous: Api;
  readonly #from: string;
  #ids: Readonly<Record<string, string>> = {};

  private constructor(url: string, platformKey: string, { mailbox, api_keys: keys }: NewTenant) {
    this.#anonymous = new Api(url, undefined);
    this.#platform = new Api(url, platformKey);
    this.tenant = new Api(url, keys.find(({ mode }) => mode === 'live')?.key);
    this.#from = mailbox.address;
  }

  /** Settled: one e-mail with a file has gone all the way, another one is scheduled. */
  static async settle(url: string, platformKey: string): Promise<World> {
    const slug = `outage-${randomUUID()}`.slice(0, 50);
    const body = { name: slug, slug, owner: { email: `owner@${slug}.example`, name: 'Owner' } };
    const call = { method: 'POST', path: '/v1/admin/tenants', body };
    const tenant = await expectStatus(201, new Api(url, platformKey).call(call));
    const world = new World(url, platformKey, tenant as unknown as NewTenant);
    await world.#settle();
    return world;
  }

  get platform(): Api {
    return this.#platform;
  }

  /** What the schemas of bodies cannot know. */
  get given(): Json {
    return { from: this.#from };
  }

  /** The id that a path parameter wants, by the word before it. */
  idFor(path: string, name: string): string | undefined {
    const [before = ''] = path.split(`/{${name}}`);
    return this.#ids[before.split('/').at(-1) ?? ''];
  }

  apiFor({ key }: Route): Api {
    if (key === 'tenant_key') return this.tenant;
    return key === 'platform_key' ? this.#platform : this.#anonymous;
  }

  /** Sends one e-mail. @returns its id @throws Error when it is not accepted */
  async send(fields: Json = {}): Promise<string> {
    const body = { from: this.#from, to: newAddress(), subject: 'Outage', text: 'x', ...fields };
    const answer = this.tenant.call({ method: 'POST', path: '/v1/emails', body });
    await expectStatus(202, answer);
    return this.note(await answer) ?? '';
  }

  /** Keeps an e-mail that was accepted; what is scheduled for later is not due in this test. */
  note({ status, body }: Answer): string | undefined {
    if (status !== 202 || body?.object !== 'email') return undefined;
    const { id, to, scheduled_at: due } = body as unknown as Accepted & { scheduled_at: unknown };
    if (due === null) this.accepted.push({ id, to });
    return id;
  }

  /** Counts a send whose answer was none, or an outage. */
  noteUnsure(): void {
    this.#unsure += 1;
  }

  /**
   * Takes in e-mails that exist although their sender was told of an outage.
   * @returns what is wrong when there are more of them than such answers
   */
  async adopt(): Promise<string | undefined> {
    const known = new Set(this.accepted.map(({ id }) => id));
    const listed = await this.#listed();
    if (!listed) return 'e-mails cannot be listed';
    for (const email of listed) {
      if (email.scheduled_at !== null || known.has(email.id)) continue;
      this.accepted.push({ id: email.id, to: email.to });
      this.#adopted += 1;
    }
    if (this.#adopted <= this.#unsure) return undefined;
    return `${this.#adopted} e-mails that nobody sent, ${this.#unsure} sends of unknown fate`;
  }

  async #listed(): Promise<Listed[] | undefined> {
    const emails: Listed[] = [];
    let path: string | undefined = '/v1/emails?limit=100';
    while (path !== undefined) {
      const { status, body }: Answer = await this.tenant.get(path);
      if (status !== 200 || !body) return undefined;
      emails.push(...(body.data as Listed[]));
      const next = body.has_more === true ? String(body.next_cursor) : undefined;
      path = next && `/v1/emails?limit=100&after=${encodeURIComponent(next)}`;
    }
    return emails;
  }

  async #settle(): Promise<void> {
    const emails = await this.send({ attachments: [{ filename: 'a.txt', content: 'YQ==' }] });
    await this.send({ scheduled_at: new Date(Date.now() + 3_600_000).toISOString() });
    const [attachments, notifications] = await Promise.all([
      this.#firstOf(`/v1/emails/${emails}/content`, 'attachments'),
      this.#firstOf('/v1/notifications', 'data'),
    ]);
    this.#ids = { emails, jobs: emails, attachments, notifications };
  }

  async #firstOf(path: string, list: string): Promise<string> {
    return until(SETTLED_WITHIN_MS, `something in ${path}`, async () => {
      const { body } = await this.tenant.get(path);
      return (body?.[list] as { id: string }[] | undefined)?.[0]?.id;
    });
  }
}
