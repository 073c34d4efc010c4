import {
  deadLetterTopic,
  isUuid,
  newId,
  PLATFORM_TENANT_ID,
  type Tier,
} from '@penguinmails/contracts';
import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { insertOutboxRows, type OutboxRow } from './outbox-rows.js';
import { isStorable, storableHeaders } from './storable.js';

/** A record that is given up. */
export interface DeadLetter {
  tenantId: string;
  topic: string;
  partition: number;
  offset: bigint;
  key: string | null;
  headers: Readonly<Record<string, string>>;
  value: string | Buffer | null;
  /** Slug. */
  reason: string;
  /** Tries of the retry timer; 0 for a record that could not be decoded. */
  attempts: number;
}

/** A larger value is left out: the original stays in its topic for the topic's retention. */
const MAX_VALUE_BYTES = 256 * 1024;

/** Moves records to the dead-letter topic of the service, through the outbox. */
export async function writeDeadLetters(
  tx: TenantTransaction | SystemTransaction,
  consumer: { tier: Tier; group: string },
  letters: readonly DeadLetter[],
): Promise<void> {
  await insertOutboxRows(
    tx,
    letters.map((letter) => row(consumer, letter)),
  );
  tx.onCommit(() => counter(metrics.eventsDeadLettered).add(letters.length));
}

/** The tenant a record names; the platform's if it names none. */
export function tenantOf(headers: Readonly<Record<string, string>>): string {
  const tenant = headers.ce_tenantid ?? '';
  return isUuid(tenant) ? tenant : PLATFORM_TENANT_ID;
}

function row({ tier, group }: { tier: Tier; group: string }, letter: DeadLetter): OutboxRow {
  const { payload, encoding } = storable(letter.value);
  return {
    tenantId: letter.tenantId,
    id: newId(),
    topic: deadLetterTopic(tier),
    key: keyOf(letter),
    aggregateType: 'dead_letter',
    aggregateId: `${letter.topic}/${letter.partition}/${letter.offset}`,
    type: 'dead_letter',
    headers: { ...storableHeaders(letter.headers), ...reasonHeaders(group, letter), ...encoding },
    payload,
  };
}

/** A dead letter keeps its key, so that a replay finds its order; the key of a record may be empty. */
function keyOf({ key, topic, partition }: DeadLetter): string {
  return key && isStorable(key) ? key : `${topic}/${partition}`;
}

function reasonHeaders(group: string, letter: DeadLetter): Record<string, string> {
  return {
    'dlq-reason': letter.reason,
    'dlq-group': group,
    'dlq-topic': letter.topic,
    'dlq-partition': String(letter.partition),
    'dlq-offset': String(letter.offset),
    'dlq-attempts': String(letter.attempts),
    'dlq-time': new Date().toISOString(),
  };
}

/** PostgreSQL text holds neither NUL nor broken UTF-8: such bytes travel as base64. */
function storable(value: string | Buffer | null): {
  payload: string | null;
  encoding: Record<string, string>;
} {
  if (value === null) return { payload: null, encoding: {} };
  const bytes = Buffer.from(value);
  if (bytes.length > MAX_VALUE_BYTES) {
    return { payload: null, encoding: { 'dlq-dropped-bytes': String(bytes.length) } };
  }
  const text = bytes.toString('utf8');
  const faithful = isStorable(text) && Buffer.from(text).equals(bytes);
  if (faithful) return { payload: text, encoding: {} };
  return { payload: bytes.toString('base64'), encoding: { 'dlq-encoding': 'base64' } };
}
