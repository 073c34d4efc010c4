import { Injectable } from '@nestjs/common';
import { type TenantRows, underTenants } from '@penguinmails/database';
import { type OutboxRecord, outboxInsertOfMany } from '@penguinmails/outbox';
import type { IdempotencyClaim } from '../idempotency/idempotency.repository.js';
import type { EmailResource } from './email-resource.js';
import type { EmailRow } from './email-row.js';

/** Everything that the acceptance of one e-mail writes but its events. */
export interface AcceptedEmail {
  /** Its number among those written together. */
  readonly n: number;
  readonly row: EmailRow;
  readonly recipientNorm: string;
  readonly recipientHash: Buffer;
  readonly claim: IdempotencyClaim | undefined;
  /** What a replay is answered with. */
  readonly resource: EmailResource;
}

/**
 * Every part of it takes its rows under their own tenants. Whose claims stand: each row is found by its key
 * alone, one by one, and stays locked to the end. A plan over all of them at once may read every key of a
 * tenant that the statistics do not know (ADR 8).
 */
const STORE = `
  WITH item AS MATERIALIZED (
    SELECT * FROM json_to_recordset($2::json) AS i (n integer, id uuid, mode text, mailbox_id uuid,
      sender text, recipient text, recipient_norm text, recipient_hash text, reply_to text,
      subject text, content_storage_key text, size_bytes integer, status text, message_id text,
      tags jsonb, scheduled_at timestamptz, finished_at timestamptz, created_at timestamptz,
      key text, method text, route text, holder text, resource jsonb)
  ), held AS MATERIALIZED (
    SELECT i.n, i.resource, k.place
    FROM ${underTenants('(SELECT * FROM item WHERE holder IS NOT NULL)', 'n')} AS i
    CROSS JOIN LATERAL (
      SELECT ctid AS place FROM idempotency_keys
      WHERE tenant_id = i.own_tenant AND key = i.key AND method = i.method AND route = i.route
        AND holder = i.holder AND state = 'in_progress'
      OFFSET 0 FOR UPDATE) k
  ), answered AS (
    UPDATE idempotency_keys k SET state = 'done', status = 202, response = h.resource
    FROM ${underTenants('held', 'n')} AS h
    WHERE k.tenant_id = h.own_tenant AND k.ctid = h.place
    RETURNING h.n
  ), accepted AS MATERIALIZED (
    SELECT * FROM item WHERE holder IS NULL OR n IN (SELECT n FROM answered)
  ), stored AS (
    INSERT INTO emails (tenant_id, id, mode, mailbox_id, sender, recipient, recipient_norm,
      recipient_hash, reply_to, subject, content_storage_key, size_bytes, status, message_id, tags,
      scheduled_at, finished_at, created_at, updated_at)
    SELECT own_tenant, id, mode, mailbox_id, sender, recipient, recipient_norm,
      decode(recipient_hash, 'hex'), reply_to, subject, content_storage_key, size_bytes, status,
      message_id, tags, scheduled_at, finished_at, created_at, created_at
    FROM ${underTenants('(SELECT * FROM accepted ORDER BY n)', 'n')} AS a
  ), counted AS (
    INSERT INTO usage_deltas (tenant_id, period, metric, id, amount)
    SELECT own_tenant, date_trunc('month', now() AT TIME ZONE 'UTC')::date, 'emails_accepted', id, amount
    FROM ${underTenants(
      `(SELECT min(n) AS n, (array_agg(id))[1] AS id, count(*) AS amount FROM accepted
        WHERE mode = 'live' GROUP BY ($1::uuid[])[n + 1])`,
      'n',
    )} AS a
  ), published AS (${outboxInsertOfMany('$3', 'accepted')})
  SELECT n FROM accepted`;

/** What acceptances write, e-mails of several tenants in one statement. */
@Injectable()
export class AcceptedEmailRepository {
  /**
   * Stores the e-mails, counts live ones against the plan, answers their Idempotency-Keys and writes
   * their events. One whose claim does not stand is left out, with all that is its own.
   *
   * @param emails each with the place of its tenant as its number
   * @param events each with the number of its e-mail
   * @returns the numbers of those stored
   * @throws unique violation when an id is taken; nothing is stored then
   */
  async store(
    tx: TenantRows,
    emails: readonly AcceptedEmail[],
    events: readonly OutboxRecord[],
  ): Promise<ReadonlySet<number>> {
    const { rows } = await tx.query<{ n: number }>(
      STORE,
      [JSON.stringify(emails.map(columnsOf)), JSON.stringify(events)],
      { name: 'emails-accept' },
    );
    return new Set(rows.map(({ n }) => n));
  }
}

function columnsOf({ n, row, recipientNorm, recipientHash, claim, resource }: AcceptedEmail) {
  return {
    ...row,
    n,
    recipient_norm: recipientNorm,
    recipient_hash: recipientHash.toString('hex'),
    ...claim,
    resource: claim && resource,
  };
}
