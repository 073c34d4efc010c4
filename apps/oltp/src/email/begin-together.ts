import { Injectable } from '@nestjs/common';
import {
  isInfrastructure,
  isTenantBusy,
  TenantDatabase,
  type TenantTransaction,
} from '@penguinmails/database';
import { injectTrace } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import { AttemptRepository, type EmailToBegin } from './attempt.repository.js';
import { type BeginAnswer, sendAnswer } from './begin-answer.js';
import { beginEvents, decide, type Decided } from './begin-decision.js';

/** The attempts of one tenant, by e-mail. */
export interface TenantAttempts {
  readonly tenantId: string;
  readonly attempts: ReadonlyMap<string, number>;
}

/**
 * Begins e-mails of several tenants with two round trips and one flush to disk for all of them: they are
 * read, each under its tenant; then those that may be sent and are as they were read are marked and their
 * events written, each under its tenant. Whatever this cannot settle is for BeginForTenant, which can.
 */
@Injectable()
export class BeginTogether {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly attempts: AttemptRepository,
    private readonly events: EventWriter,
  ) {}

  /**
   * @param groups each tenant once, in the order of their ids: two batches never wait for each other
   * @returns what was begun, in the order of the groups; nothing when the batch was rolled back
   * @throws what says that the database is away: nobody knows what was begun, and it may begin again
   */
  async execute(groups: readonly TenantAttempts[]): Promise<BeginAnswer[][]> {
    try {
      return await this.begin(groups, await this.read(groups));
    } catch (error) {
      if (isInfrastructure(error) || isTenantBusy(error)) throw error;
      return groups.map(() => []);
    }
  }

  private read(groups: readonly TenantAttempts[]): Promise<Decided[][]> {
    return this.tenants.each(
      groups.map(({ tenantId }) => tenantId),
      async (tx, at) => {
        const { attempts } = groups[at];
        const emails = await this.attempts.read(tx, [...attempts.keys()].sort());
        const decided = emails.map((email) => decide(email, attempts.get(email.id)!));
        return decided.filter(({ decision }) => decision.decision === 'send');
      },
    );
  }

  private begin(
    groups: readonly TenantAttempts[],
    toSend: readonly Decided[][],
  ): Promise<BeginAnswer[][]> {
    return this.tenants.each(
      groups.map(({ tenantId }) => tenantId),
      (tx, at) => this.beginOf(tx, toSend[at]),
    );
  }

  private async beginOf(tx: TenantTransaction, toSend: readonly Decided[]): Promise<BeginAnswer[]> {
    if (toSend.length === 0) return [];
    const trace = injectTrace();
    const changes = toSend.map((one, item) => ({
      item,
      events: beginEvents(tx.tenantId, one, sentAt(one.email)),
      trace,
    }));
    const attempts = toSend.map(({ email, attempt }, n) => ({
      n,
      id: email.id,
      rowVersion: email.row_version,
      attempt,
      sentAt: sentAt(email),
    }));
    const begun = await this.attempts.beginUnchanged(
      tx,
      attempts,
      this.events.prepare(tx, changes),
    );
    const answered = toSend.filter((_, n) => begun.has(n));
    return answered.map(({ email }) => sendAnswer(email, sentAt(email)));
  }
}

const sentAt = (email: EmailToBegin): Date => email.sent_at ?? email.asked_at;
