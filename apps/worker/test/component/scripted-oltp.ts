import { type TenantGrant, verifyGrant } from '@penguinmails/http';
import { testKeys } from '@penguinmails/testing';
import type {
  BeginAnswer,
  Envelope,
  MailboxTransport,
  Refusal,
} from '../../src/clients/oltp.client.js';
import { TierServer } from './tier-server.js';

interface BeginBody {
  readonly grants: readonly string[];
  readonly items: readonly { tenant_id: string; email_id: string; attempt: number }[];
}

interface TransportBody {
  readonly grants: readonly string[];
  readonly items: readonly { tenant_id: string; mailbox_id: string }[];
}

/** Unsigned where it names no keys. */
type ScriptedMailbox = Omit<MailboxTransport, 'tenant_id' | 'id' | 'dkim'> &
  Partial<Pick<MailboxTransport, 'dkim'>>;

/** The oltp tier as the worker sees it; answers only for what a grant of the queue names. */
export class ScriptedOltp {
  readonly envelopes = new Map<string, Envelope>();
  readonly refusals = new Map<string, Refusal>();
  readonly mailboxes = new Map<string, ScriptedMailbox>();
  readonly begun: string[] = [];
  readonly server = new TierServer('oltp', {
    '/internal/attempts:begin': (body) => this.begin(body),
    '/internal/mailboxes:transport': (body) => this.transports(body),
  });

  private async begin({ grants, items }: BeginBody): Promise<{ items: BeginAnswer[] }> {
    const granted = await namedBy(grants, ({ jobIds }) => jobIds);
    const isGranted = ({ tenant_id, email_id }: BeginBody['items'][number]) =>
      granted.has(`${tenant_id}/${email_id}`);
    return { items: items.map((item) => this.beginOne(item.email_id, isGranted(item))) };
  }

  private beginOne(email_id: string, isGranted: boolean): BeginAnswer {
    const envelope = this.envelopes.get(email_id);
    const reason = isGranted ? this.refusals.get(email_id) : 'not_granted';
    if (reason) return { email_id, decision: 'refuse', reason };
    if (!envelope) return { email_id, decision: 'refuse', reason: 'unknown_email' };
    this.begun.push(email_id);
    return { email_id, decision: 'send', envelope };
  }

  private async transports({ grants, items }: TransportBody) {
    const granted = await namedBy(grants, ({ mailboxIds }) => mailboxIds);
    const known = items.filter(
      ({ tenant_id, mailbox_id }) =>
        granted.has(`${tenant_id}/${mailbox_id}`) && this.mailboxes.has(mailbox_id),
    );
    const mailboxes = known.map(({ tenant_id, mailbox_id }) => ({
      tenant_id,
      id: mailbox_id,
      dkim: null,
      ...this.mailboxes.get(mailbox_id),
    }));
    return { mailboxes };
  }
}

/**
 * @returns `tenant/id` of all that the grants name
 * @throws Problem 401, as the tier answers, when one of the grants is no good
 */
export async function namedBy(
  grants: readonly string[],
  ids: (part: TenantGrant) => readonly string[],
  audience: 'oltp' | 'content' = 'oltp',
): Promise<Set<string>> {
  const { publicKeys } = testKeys();
  const verified = await Promise.all(
    grants.map((grant) => verifyGrant(publicKeys, grant, audience)),
  );
  const parts = verified.flatMap(({ tenants }) => tenants);
  return new Set(parts.flatMap((part) => ids(part).map((id) => `${part.tenantId}/${id}`)));
}
