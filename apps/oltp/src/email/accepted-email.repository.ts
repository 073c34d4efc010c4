import { Injectable } from '@nestjs/common';
import { type TenantRows, underTenants } from '@penguinmails/database';
import { outboxColumns, type OutboxRecord, outboxInsertOfMany } from '@penguinmails/outbox';
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

/** The columns of `emails` that an acceptance fills, with what they are given. */
const GIVEN: readonly (readonly [
  column: string,
  type: string,
  value: (email: AcceptedEmail) => unknown,
])[] = [
  ['id', 'uuid', ({ row }) => row.id],
  ['mode', 'text', ({ row }) => row.mode],
  ['mailbox_id', 'uuid', ({ row }) => row.mailbox_id],
  ['sender', 'text', ({ row }) => row.sender],
  ['recipient', 'text', ({ row }) => row.recipient],
  ['recipient_norm', 'text', ({ recipientNorm }) => recipientNorm],
  ['recipient_hash', 'text', ({ recipientHash }) => recipientHash.toString('hex')],
  ['reply_to', 'text', ({ row }) => row.reply_to],
  ['subject', 'text', ({ row }) => row.subject],
  ['content_storage_key', 'text', ({ row }) => row.content_storage_key],
  ['size_bytes', 'integer', ({ row }) => row.size_bytes],
  ['status', 'text', ({ row }) => row.status],
  ['message_id', 'text', ({ row }) => row.message_id],
  ['tags', 'jsonb', ({ row }) => JSON.stringify(row.tags)],
  ['scheduled_at', 'timestamptz', ({ row }) => row.scheduled_at?.toISOString() ?? null],
  ['finished_at', 'timestamptz', ({ row }) => row.finished_at?.toISOString() ?? null],
  ['created_at', 'timestamptz', ({ row }) => row.created_at.toISOString()],
];

/** The same of the key that an e-mail answers. */
const CLAIMED: typeof GIVEN = [
  ['key', 'text', ({ claim }) => claim?.key ?? null],
  ['method', 'text', ({ claim }) => claim?.method ?? null],
  ['route', 'text', ({ claim }) => claim?.route ?? null],
  ['holder', 'text', ({ claim }) => claim?.holder ?? null],
  ['resource', 'jsonb', ({ claim, resource }) => (claim ? JSON.stringify(resource) : null)],
];

const FIRST_EVENT_COLUMN = 2;
const FIRST_COLUMN = 12;

const itemsOf = (columns: typeof GIVEN): string => {
  const lists = columns.map(([, type], at) => `$${FIRST_COLUMN + at}::${type}[]`);
  const names = columns.map(([name]) => name);
  return `SELECT (place - 1)::int AS n, ${names.join(', ')}
    FROM unnest(${lists.join(', ')}) WITH ORDINALITY AS i (${names.join(', ')}, place)`;
};

/**
 * Whose claims stand: each row is found by its key alone, one by one, and stays locked to the end. A plan
 * over all of them at once may read every key of a tenant that the statistics do not know (ADR 8).
 */
const ANSWERED = `held AS MATERIALIZED (
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
  )`;

/** Every part takes its rows under their own tenants. */
const storing = (items: string, accepted: string): string => `
  WITH item AS MATERIALIZED (${items}), ${accepted}, stored AS (
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
  ), published AS (${outboxInsertOfMany(FIRST_EVENT_COLUMN, 'accepted')})
  SELECT n FROM accepted`;

const KEYLESS = {
  name: 'emails-accept',
  columns: GIVEN,
  text: storing(itemsOf(GIVEN), 'accepted AS NOT MATERIALIZED (SELECT * FROM item)'),
};
const KEYED = {
  name: 'emails-accept-and-answer',
  columns: [...GIVEN, ...CLAIMED],
  text: storing(itemsOf([...GIVEN, ...CLAIMED]), ANSWERED),
};

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
    const { name, text, columns } = emails.some(({ claim }) => claim) ? KEYED : KEYLESS;
    const values = columns.map(([, , value]) => emails.map(value));
    const { rows } = await tx.query<{ n: number }>(text, [...outboxColumns(events), ...values], {
      name,
    });
    return new Set(rows.map(({ n }) => n));
  }
}
