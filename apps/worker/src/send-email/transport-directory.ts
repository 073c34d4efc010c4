import type { MailboxTransport, OltpClient } from '../clients/oltp.client.js';
import type { Signing } from '../compose/message-builder.js';
import { type DkimKeys, loadDomainSigner, UnusableKeyError } from '../dkim/signing-keys.js';
import type { HeldJob } from '../lease/held-jobs.js';

const KEPT_MS = 60_000;

/** A mailbox's transport, its keys ready to sign in place of their text. */
export type KnownTransport = Omit<MailboxTransport, 'dkim'> & { readonly signing: Signing };

/**
 * Where each mailbox sends. Passwords and keys are kept in memory for a minute at most (mail.md), and only for
 * mailboxes that a grant named.
 */
export class TransportDirectory {
  private readonly known = new Map<string, { transport: KnownTransport; until: number }>();

  constructor(
    private readonly oltp: OltpClient,
    private readonly now: () => number = Date.now,
  ) {}

  /** The transports of the jobs' mailboxes by {@link mailboxKey}; one that oltp withholds is absent. */
  async of(
    grants: readonly string[],
    jobs: readonly HeldJob[],
  ): Promise<ReadonlyMap<string, KnownTransport>> {
    this.forgetOld();
    const wanted = new Map(jobs.map((job) => [mailboxKey(job), job]));
    const unknown = [...wanted].flatMap(([key, job]) => (this.known.has(key) ? [] : [job]));
    if (unknown.length > 0) await this.ask(grants, unknown);
    return new Map(
      [...wanted.keys()].flatMap((key) => {
        const entry = this.known.get(key);
        return entry ? [[key, entry.transport] as const] : [];
      }),
    );
  }

  private async ask(grants: readonly string[], unknown: readonly HeldJob[]): Promise<void> {
    const items = unknown.map(({ tenant_id, mailbox_id }) => ({ tenant_id, mailbox_id }));
    for (const transport of await this.oltp.transports(grants, items)) {
      const key = mailboxKey({ tenant_id: transport.tenant_id, mailbox_id: transport.id });
      this.known.set(key, { transport: known(transport), until: this.now() + KEPT_MS });
    }
  }

  private forgetOld(): void {
    for (const [id, { until }] of this.known) if (until <= this.now()) this.known.delete(id);
  }
}

function known({ dkim, ...transport }: MailboxTransport): KnownTransport {
  return { ...transport, signing: dkim === null ? null : signingWith(dkim) };
}

/** Keys that cannot be used do not make unsigned mail: the builder says so for each message. */
function signingWith(keys: DkimKeys): Signing {
  try {
    return loadDomainSigner(keys);
  } catch (error) {
    if (!(error instanceof UnusableKeyError)) throw error;
    return 'unusable';
  }
}

/** A password is handed out to jobs of its own tenant only. */
export function mailboxKey(job: Pick<HeldJob, 'tenant_id' | 'mailbox_id'>): string {
  return `${job.tenant_id}/${job.mailbox_id}`;
}
