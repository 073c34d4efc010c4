import { newId } from '@penguinmails/contracts';
import type { TenantRows, TenantTransaction } from '@penguinmails/database';
import type { Outcome } from '@penguinmails/http';
import { Problem } from '@penguinmails/http/problem';
import type { AcceptCommand } from '../../src/email/accept-email.js';
import { AcceptTogether } from '../../src/email/accept-together.js';
import type { EmailResource } from '../../src/email/email-resource.js';
import type { IdempotencyClaim } from '../../src/idempotency/idempotency.repository.js';
import { ReserveKey } from '../../src/idempotency/reserve-key.js';
import { callerOf, type OltpParts, type TestTenant } from './oltp-parts.js';

export const TRACE = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

export interface Sent {
  readonly of: TestTenant;
  readonly change?: Partial<AcceptCommand>;
}

/** Several e-mails at once. */
export async function acceptTogether(parts: OltpParts, ...sent: Sent[]) {
  const calls = sent.map(({ of, change }) => ({
    caller: callerOf(of),
    command: parts.command(of, change),
    trace: TRACE,
  }));
  const outcomes = await parts.get(AcceptTogether).execute(calls);
  return { outcomes, ids: calls.map(({ command }) => command.id) };
}

/** What each outcome says, in one word. */
export const said = (outcomes: readonly Outcome[]): unknown[] =>
  outcomes.map((outcome) => {
    if (!('error' in outcome)) return outcome.status;
    if (outcome.error instanceof Problem) return outcome.error.code;
    throw outcome.error;
  });

export const bodyOf = (outcome: Outcome): EmailResource =>
  (outcome as { body: EmailResource }).body;

export const newClaim = (change: Partial<IdempotencyClaim> = {}): IdempotencyClaim => ({
  key: newId(),
  method: 'POST',
  route: '/v1/emails',
  holder: newId(),
  ...change,
});

export const reserveFor = (parts: OltpParts, claim: IdempotencyClaim, tenantId: string) =>
  parts.get(ReserveKey).execute(tenantId, claim, 'f');

/** How many transactions have stored these e-mails. */
export async function transactionsOfEmails(
  parts: OltpParts,
  ids: readonly string[],
): Promise<number> {
  const [row] = await parts.rows<{ count: number }>(
    'SELECT count(DISTINCT xmin::text)::int AS count FROM emails WHERE id = ANY($1)',
    [ids],
  );
  return row.count;
}

/** What `rowByRow` gives for rows of one tenant, in a transaction that goes on. */
export function batchOf(tx: TenantTransaction, rows: number): TenantRows {
  const tenantIds = Array.from({ length: rows }, () => tx.tenantId);
  return {
    login: 'app',
    tenantIds,
    query: (text, values = [], options) => tx.query(text, [tenantIds, ...values], options),
    onCommit: (hook) => tx.onCommit(hook),
  };
}
