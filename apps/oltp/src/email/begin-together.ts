import { Injectable } from '@nestjs/common';
import { isInfrastructure, isTenantBusy, TenantDatabase } from '@penguinmails/database';
import { injectTrace } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import {
  AttemptRepository,
  type EmailToBegin,
  type UnchangedAttempt,
} from './attempt.repository.js';
import { type BeginAnswer, sendAnswer } from './begin-answer.js';
import { beginEvents, decide, type Decided } from './begin-decision.js';

/** The attempts of one tenant, by e-mail. */
export interface TenantAttempts {
  readonly tenantId: string;
  readonly attempts: ReadonlyMap<string, number>;
}

type WithTenant<T> = T & { readonly tenantId: string };

/**
 * Begins e-mails of several tenants with two statements and one flush to disk for all of them: they are
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
      const begun = Map.groupBy(await this.begin(await this.read(groups)), (one) => one.tenantId);
      return groups.map(({ tenantId }) => (begun.get(tenantId) ?? []).map(answerOf));
    } catch (error) {
      if (isInfrastructure(error) || isTenantBusy(error)) throw error;
      return groups.map(() => []);
    }
  }

  /** @returns what may be sent, in the order of tenants and ids */
  private async read(groups: readonly TenantAttempts[]): Promise<WithTenant<Decided>[]> {
    const wanted = groups.flatMap(({ tenantId, attempts }) =>
      [...attempts.keys()].sort().map((id) => ({ tenantId, id, attempt: attempts.get(id)! })),
    );
    if (wanted.length === 0) return [];
    const emails = await this.tenants.rowByRow(tenantsOf(wanted), (tx) =>
      this.attempts.read(
        tx,
        wanted.map(({ id }) => id),
      ),
    );
    return emails
      .map((email) => ({
        ...decide(email, wanted[email.n].attempt),
        tenantId: wanted[email.n].tenantId,
      }))
      .filter(({ decision }) => decision.decision === 'send');
  }

  private async begin(toSend: readonly WithTenant<Decided>[]): Promise<WithTenant<Decided>[]> {
    if (toSend.length === 0) return [];
    const trace = injectTrace();
    const changes = toSend.map((one, item) => ({
      item,
      events: beginEvents(one.tenantId, one, sentAt(one.email)),
      trace,
    }));
    const begun = await this.tenants.rowByRow(tenantsOf(toSend), (tx) =>
      this.attempts.beginUnchanged(tx, toSend.map(unchanged), this.events.prepare(tx, changes)),
    );
    return toSend.filter((_, n) => begun.has(n));
  }
}

const tenantsOf = (items: readonly WithTenant<object>[]): string[] =>
  items.map(({ tenantId }) => tenantId);

const answerOf = ({ email }: Decided): BeginAnswer => sendAnswer(email, sentAt(email));

const unchanged = ({ email, attempt }: Decided, n: number): UnchangedAttempt => ({
  n,
  id: email.id,
  rowVersion: email.row_version,
  attempt,
  sentAt: sentAt(email),
});

const sentAt = (email: EmailToBegin): Date => email.sent_at ?? email.asked_at;
