import type { TierClient } from '@penguinmails/http/tier-client';
import type { DkimKeys } from '../dkim/signing-keys.js';

/** What a message needs besides its content; handed out once the attempt has begun. */
export interface Envelope {
  readonly mode: 'live' | 'test';
  readonly from: { readonly address: string; readonly name: string | null };
  readonly to: string;
  readonly reply_to: string | null;
  readonly subject: string;
  readonly message_id: string;
  readonly date: string;
  readonly mailbox_id: string;
  readonly storage_key: string;
}

export type Refusal = 'cancelled' | 'suppressed' | 'finished' | 'unknown_email' | 'not_granted';

export type BeginAnswer =
  | { readonly email_id: string; readonly decision: 'send'; readonly envelope: Envelope }
  | { readonly email_id: string; readonly decision: 'refuse'; readonly reason: Refusal };

/** A mailbox's own server, null where the platform's relay is used. */
export interface MailboxTransport {
  readonly tenant_id: string;
  readonly id: string;
  readonly smtp: {
    readonly host: string;
    readonly port: number;
    readonly security: 'tls' | 'starttls' | 'none';
    readonly username: string | null;
    readonly password: string | null;
  } | null;
  readonly unknown_outcome_policy: 'retry_once' | 'park';
  /** The keys that sign this mailbox's mail; null where its domain has none. */
  readonly dkim: DkimKeys | null;
}

/** The oltp tier as the worker uses it: everything under the queue's grants. */
export class OltpClient {
  constructor(private readonly tier: TierClient) {}

  /** Begins attempts: oltp locks, refuses what was cancelled or suppressed, hands out envelopes. */
  async begin(
    grants: readonly string[],
    items: readonly { tenant_id: string; email_id: string; attempt: number }[],
  ): Promise<readonly BeginAnswer[]> {
    const answer = await this.post<{ items: BeginAnswer[] }>(
      '/internal/attempts:begin',
      grants,
      items,
    );
    return answer.items;
  }

  /** The servers of mailboxes, passwords and keys included: kept in memory for a minute at most. */
  async transports(
    grants: readonly string[],
    items: readonly { tenant_id: string; mailbox_id: string }[],
  ): Promise<readonly MailboxTransport[]> {
    const path = '/internal/mailboxes:transport';
    return (await this.post<{ mailboxes: MailboxTransport[] }>(path, grants, items)).mailboxes;
  }

  private async post<T>(path: string, grants: readonly string[], items: unknown): Promise<T> {
    const request = { method: 'POST', path, body: { grants, items }, idempotent: true } as const;
    return (await this.tier.request<T>(request)).body;
  }
}
