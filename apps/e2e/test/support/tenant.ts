import { randomUUID } from 'node:crypto';
import { eventually } from '@penguinmails/testing';
import { Api, platform } from './api.js';

export interface Email {
  readonly id: string;
  readonly status: string;
  readonly mode: string;
  readonly message_id: string;
  readonly size_bytes: number;
  readonly to: string;
  readonly created_at: string;
  readonly scheduled_at: string | null;
  readonly sent_at: string | null;
  readonly last_error_code: string | null;
}

interface NewTenantAnswer {
  readonly id: string;
  readonly domain: { readonly name: string };
  readonly mailbox: { readonly address: string };
  readonly api_keys: readonly { readonly mode: string; readonly key: string }[];
}

/** Delivery takes about a second; a machine that is busy otherwise takes longer. */
const DELIVERED_WITHIN = { timeoutMs: 180_000, intervalMs: 50 };

/** Headers with which `Api` may ask again. */
const onceOnly = () => ({ 'idempotency-key': randomUUID() });

/** A tenant that one test has for itself. */
export class Tenant {
  private constructor(
    readonly id: string,
    readonly live: Api,
    readonly test: Api,
    readonly from: string,
  ) {}

  static async create(): Promise<Tenant> {
    const slug = `t-${randomUUID()}`;
    const owner = { email: `owner@${slug}.example`, name: 'Owner' };
    const body = { name: `Tenant ${slug}`, slug, owner };
    const answer = await platform().post<NewTenantAnswer>('/v1/admin/tenants', body, onceOnly());
    if (answer.status !== 201) throw new Error(`no tenant: ${answer.bytes.toString()}`);
    const { id, mailbox, api_keys } = answer.body;
    const keyOf = (mode: string) => new Api(api_keys.find((key) => key.mode === mode)?.key);
    return new Tenant(id, keyOf('live'), keyOf('test'), mailbox.address);
  }

  /** The smallest message that is accepted, with what a test wants otherwise. */
  message(fields: Record<string, unknown> = {}): Record<string, unknown> {
    return { from: this.from, to: address(), subject: 'Hello', text: 'words', ...fields };
  }

  /** Sends with the live key. @throws Error when it is not accepted */
  async send(fields: Record<string, unknown> = {}, api = this.live): Promise<Email> {
    const answer = await api.post<Email>('/v1/emails', this.message(fields), onceOnly());
    if (answer.status !== 202) throw new Error(`not accepted: ${answer.bytes.toString()}`);
    return answer.body;
  }

  async email(id: string): Promise<Email> {
    return (await this.live.get<Email>(`/v1/emails/${id}`)).body;
  }

  /** Waits until the e-mail has this status. */
  untilStatus(id: string, status: string): Promise<Email> {
    return eventually(async () => {
      const email = await this.email(id);
      if (email.status !== status) throw new Error(`${id} is ${email.status}, not ${status}`);
      return email;
    }, DELIVERED_WITHIN);
  }
}

/** An address that no other test sends to; `bounced`, `deferred`, `cut` and `slow` mean what they say. */
export const address = (local = 'to'): string => `${local}+${randomUUID()}@receiver.test`;
