import { Injectable } from '@nestjs/common';
import { isInfrastructure, isTenantBusy, TenantDatabase } from '@penguinmails/database';
import type { Caller, Outcome } from '@penguinmails/http';
import { EventWriter } from '@penguinmails/outbox';
import { AcceptanceRepository } from './acceptance.repository.js';
import { acceptanceEvents } from './acceptance-events.js';
import { type AcceptCommand, AcceptEmail } from './accept-email.js';
import { AcceptedEmailRepository } from './accepted-email.repository.js';
import { AcceptanceDraft, type AskedEmail } from './acceptance-draft.js';

/** One e-mail to be accepted, with the trace of the request that brings it. */
export interface AcceptCall {
  readonly caller: Caller;
  readonly command: AcceptCommand;
  readonly trace: Readonly<Record<string, string>>;
}

/**
 * Accepts e-mails of several tenants as {@link AcceptEmail} accepts one, with two round trips and one
 * flush to disk for all of them: what decides is read, each under its tenant; then all is written that
 * may be, each under its tenant. Whatever this cannot settle goes the single way, which can.
 */
@Injectable()
export class AcceptTogether {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly acceptances: AcceptanceRepository,
    private readonly accepted: AcceptedEmailRepository,
    private readonly events: EventWriter,
    private readonly draft: AcceptanceDraft,
    private readonly single: AcceptEmail,
  ) {}

  /** @returns one outcome for each, in their order; a lost database is the outcome of all of them */
  async execute(calls: readonly AcceptCall[]): Promise<Outcome[]> {
    const outcomes = new Map<AcceptCall, Outcome>();
    try {
      await this.together(calls, outcomes);
    } catch (error) {
      // Rolled back as a whole by one of them, or nobody knows: only the first may be tried again.
      if (isInfrastructure(error) || isTenantBusy(error)) return calls.map(() => ({ error }));
      outcomes.clear();
    }
    return Promise.all(calls.map((call) => outcomes.get(call) ?? this.alone(call)));
  }

  private async together(calls: readonly AcceptCall[], outcomes: Map<AcceptCall, Outcome>) {
    const read = calls.flatMap((call) => settle(call, outcomes, () => this.draft.read(call)));
    const asked = await this.ask(read);
    const drawn = asked.flatMap((email) =>
      settle(email.call, outcomes, () => this.draft.draw(email)),
    );
    const groups = byTenant(drawn);
    await this.tenants.each([...groups.keys()], async (tx, at) => {
      const emails = [...groups.values()][at].map((email, n) => ({ ...email, n }));
      const changes = emails.map(({ n, row, domainKey, call }) => ({
        item: n,
        events: acceptanceEvents(tx.tenantId, row, domainKey),
        trace: call.trace,
      }));
      const stored = await this.accepted.store(tx, emails, this.events.prepare(tx, changes));
      for (const { n, call, resource } of emails)
        if (stored.has(n)) outcomes.set(call, { status: 202, body: resource });
    });
  }

  private async ask(emails: readonly Omit<AskedEmail, 'acceptance'>[]): Promise<AskedEmail[]> {
    const groups = byTenant(emails);
    const answers = await this.tenants.each([...groups.keys()], async (tx, at) => {
      const group = [...groups.values()][at];
      const acceptances = await this.acceptances.ask(
        tx,
        group.map(({ question }) => question),
      );
      return group.map((email, n) => ({ ...email, acceptance: acceptances[n] }));
    });
    return answers.flat();
  }

  private async alone({ caller, command }: AcceptCall): Promise<Outcome> {
    try {
      return { status: 202, body: await this.single.execute(caller, command) };
    } catch (error) {
      return { error };
    }
  }
}

function settle<T>(call: AcceptCall, outcomes: Map<AcceptCall, Outcome>, work: () => T): T[] {
  try {
    return [work()];
  } catch (error) {
    outcomes.set(call, { error });
    return [];
  }
}

/** The same order of tenants everywhere: two batches cannot wait for each other's. */
function byTenant<T extends { readonly call: AcceptCall }>(items: readonly T[]): Map<string, T[]> {
  const groups = Map.groupBy(items, ({ call }) => call.caller.tenantId);
  return new Map([...groups].sort(([one], [other]) => (one < other ? -1 : 1)));
}
