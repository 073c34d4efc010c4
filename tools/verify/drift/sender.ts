import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DriftStack } from './drift-stack.ts';

const ANSWER_WITHIN_MS = 30_000;
const AT_ONCE = 10;
const TRY_AGAIN = 503;

/** What the client knows of one send. */
export interface Send {
  /** HTTP status, with the problem's code; `none`: no answer came */
  readonly answer: string;
  readonly id: string | undefined;
  readonly text: string;
}

/** A tenant of its own that sends e-mails with files through the public API. */
export class Sender {
  readonly tenantId: string;
  readonly #stack: DriftStack;
  readonly #key: string;
  readonly #from: string;

  private constructor(stack: DriftStack, tenantId: string, key: string, from: string) {
    this.#stack = stack;
    this.tenantId = tenantId;
    this.#key = key;
    this.#from = from;
  }

  /** A tenant of its own; a gateway that answers 503 is asked again, twenty times. */
  static async create(stack: DriftStack, tries = 20): Promise<Sender> {
    const slug = `drift-${randomUUID()}`;
    const owner = { email: `owner@${slug}.example`, name: 'Owner' };
    const platformKey = stack.description.keys.platform ?? '';
    const tenant = { name: slug, slug, owner };
    const answer = await call(stack, platformKey, 'POST', '/v1/admin/tenants', tenant);
    if (answer.status === TRY_AGAIN && tries > 1) {
      await delay(500);
      return Sender.create(stack, tries - 1);
    }
    if (answer.status !== 201) throw new Error(`no tenant: ${answer.status}`);
    const { id, mailbox, api_keys } = (await answer.json()) as NewTenant;
    const live = api_keys.find(({ mode }) => mode === 'live');
    return new Sender(stack, id, live?.key ?? '', mailbox.address);
  }

  /** Ten sends at a time. A body is larger than what is kept inline, and every one is different. */
  async sendMany(count: number, from = this.#from): Promise<Send[]> {
    const sends: Send[] = [];
    const sendOn = async (): Promise<void> => {
      for (let at = 0; at < count / AT_ONCE; at += 1) sends.push(await this.#send(from));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendOn));
    return sends;
  }

  /** The text of an accepted e-mail as the API shows it. */
  async textOf(id: string): Promise<string | undefined> {
    const answer = await call(this.#stack, this.#key, 'GET', `/v1/emails/${id}?include=content`);
    const email = (await answer.json()) as { content?: { data: { text: string } | null } };
    return email.content?.data?.text;
  }

  async #send(from: string): Promise<Send> {
    const text = `${randomUUID()} `.repeat(500);
    const message = {
      from,
      to: `to+${randomUUID()}@receiver.test`,
      subject: 'Drift',
      text,
      attachments: [{ filename: 'file.txt', content: Buffer.from(text).toString('base64') }],
    };
    try {
      const answer = await call(this.#stack, this.#key, 'POST', '/v1/emails', message);
      const body = (await answer.json()) as { id?: string; code?: string; tier?: string };
      const said = [answer.status, body.code, body.tier].filter((word) => word !== undefined);
      return { answer: said.join(' '), id: answer.ok ? body.id : undefined, text };
    } catch (error) {
      if (!isNoAnswer(error)) throw error;
      return { answer: 'none', id: undefined, text };
    }
  }
}

interface NewTenant {
  readonly id: string;
  readonly mailbox: { readonly address: string };
  readonly api_keys: readonly { readonly mode: string; readonly key: string }[];
}

function call(stack: DriftStack, key: string, method: string, path: string, body?: object) {
  return fetch(stack.description.gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
}

/** The gateway died or was away: fetch reports both as a TypeError, a time-out by its name. */
function isNoAnswer(error: unknown): boolean {
  return error instanceof TypeError || (error as Error).name === 'TimeoutError';
}
