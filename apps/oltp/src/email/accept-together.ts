import { Injectable } from '@nestjs/common';
import { isInfrastructure, isTenantBusy, TenantDatabase } from '@penguinmails/database';
import type { Caller, Outcome } from '@penguinmails/http';
import { EventWriter } from '@penguinmails/outbox';
import { AcceptanceRepository } from './acceptance.repository.js';
import { acceptanceEvents } from './acceptance-events.js';
import { type AcceptCommand, AcceptEmail } from './accept-email.js';
import { AcceptedEmailRepository } from './accepted-email.repository.js';
import { AcceptanceDraft, type AskedEmail, type DrawnEmail } from './acceptance-draft.js';

/** One e-mail to be accepted, with the trace of the request that brings it. */
export interface AcceptCall {
  readonly caller: Caller;
  readonly command: AcceptCommand;
  readonly trace: Readonly<Record<string, string>>;
}

type NumberedEmail = DrawnEmail & { readonly n: number };

/**
 * Accepts e-mails of several tenants as {@link AcceptEmail} accepts one, with two statements and one flush
 * to disk for all of them: what decides is read, each under its tenant; then all is written that
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
    const asked = await this.ask(inOrder(read));
    const drawn = asked.flatMap((email) =>
      settle(email.call, outcomes, () => this.draft.draw(email)),
    );
    const emails = drawn.map((email, n) => ({ ...email, n }));
    const stored = await this.store(emails);
    for (const { n, call, resource } of emails)
      if (stored.has(n)) outcomes.set(call, { status: 202, body: resource });
  }

  /** One that was not answered is left to the single way. */
  private async ask(emails: readonly Omit<AskedEmail, 'acceptance'>[]): Promise<AskedEmail[]> {
    if (emails.length === 0) return [];
    const questions = emails.map(({ question }) => question);
    const answers = await this.tenants.rowByRow(tenantsOf(emails), (tx) =>
      this.acceptances.askForMany(tx, questions),
    );
    return emails.flatMap((email, at) => {
      const acceptance = answers.get(at);
      return acceptance ? [{ ...email, acceptance }] : [];
    });
  }

  private async store(emails: readonly NumberedEmail[]): Promise<ReadonlySet<number>> {
    if (emails.length === 0) return new Set();
    return await this.tenants.rowByRow(tenantsOf(emails), (tx) => {
      const changes = emails.map(({ n, row, domainKey, call }) => ({
        item: n,
        events: acceptanceEvents(call.caller.tenantId, row, domainKey),
        trace: call.trace,
      }));
      return this.accepted.store(tx, emails, this.events.prepare(tx, changes));
    });
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

const tenantsOf = (emails: readonly { readonly call: AcceptCall }[]): string[] =>
  emails.map(({ call }) => call.caller.tenantId);

/** The same order of tenants everywhere: two batches cannot wait for each other's. */
function inOrder<T extends { readonly call: AcceptCall }>(emails: readonly T[]): T[] {
  const groups = Map.groupBy(emails, ({ call }) => call.caller.tenantId);
  return [...groups.keys()].sort().flatMap((tenantId) => groups.get(tenantId)!);
}
