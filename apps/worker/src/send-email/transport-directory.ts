import type { MailboxTransport, OltpClient } from '../clients/oltp.client.js';
import type { HeldJob } from '../lease/held-jobs.js';

const KEPT_MS = 60_000;

/**
 * Where each mailbox sends. Passwords are kept in memory for a minute at most (mail.md), and only for
 * mailboxes that a grant named.
 */
export class TransportDirectory {
  private readonly known = new Map<string, { transport: MailboxTransport; until: number }>();

  constructor(
    private readonly oltp: OltpClient,
    private readonly now: () => number = Date.now,
  ) {}

  /** The transports of the jobs' mailboxes by mailbox id; a mailbox that is gone is absent. */
  async of(
    grants: readonly string[],
    jobs: readonly HeldJob[],
  ): Promise<ReadonlyMap<string, MailboxTransport>> {
    this.forgetOld();
    const wanted = new Map(jobs.map((job) => [job.mailbox_id, job.tenant_id]));
    const unknown = [...wanted].filter(([id]) => !this.known.has(id));
    if (unknown.length > 0) await this.ask(grants, unknown);
    return new Map(
      [...wanted.keys()].flatMap((id) => {
        const entry = this.known.get(id);
        return entry ? [[id, entry.transport] as const] : [];
      }),
    );
  }

  private async ask(
    grants: readonly string[],
    unknown: readonly [string, string][],
  ): Promise<void> {
    const items = unknown.map(([mailbox_id, tenant_id]) => ({ tenant_id, mailbox_id }));
    for (const transport of await this.oltp.transports(grants, items))
      this.known.set(transport.id, { transport, until: this.now() + KEPT_MS });
  }

  private forgetOld(): void {
    for (const [id, { until }] of this.known) if (until <= this.now()) this.known.delete(id);
  }
}
