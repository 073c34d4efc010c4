import { consumersOf, type EventType, newId, typesOn } from '@penguinmails/contracts';
import { eventually, produceRecords, type TestRecord } from '@penguinmails/testing/events';
import type { ForgedRecord } from './dead-letters.ts';
import { consumedTypes, exampleEvent, exampleOf, namesTenantTwice, recordOf } from './examples.ts';
import type { LiveProbe, Volume } from './probe.ts';

import { digestOf, queryAs, settledDigestOf } from './rows.ts';
import type { World } from './world.ts';

type Change = (record: TestRecord, world: World) => Partial<TestRecord>;

const forge = (world: World, types: readonly EventType[], what: string, change: Change) =>
  types.map((type): ForgedRecord => {
    const record = exampleEvent(type, world.a.id);
    const name = `${type} ${what}`;
    return { ...record, ...change(record, world), name, givenUpBy: consumersOf(type) };
  });

const without = ({ headers = {} }: TestRecord, name: string) => ({
  headers: Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name)),
});

const withHeader = ({ headers }: TestRecord, name: string, value: string) => ({
  headers: { ...headers, [name]: value },
});

/** The header says A; payload or key say B. */
const ofAnother: Change = ({ key, value }, { a, b }) => ({
  key: key?.replace(a.id, b.id) ?? null,
  value: String(value).replaceAll(a.id, b.id),
});

const DEPTH = 20_000;
/** Brokers take records of 1 MiB: the largest header that comes through at all. */
const HEADER_BYTES = 900_000;

const poisons: readonly [string, Change][] = [
  ['that is no JSON', () => ({ value: '{"email_id": ' })],
  ['of broken bytes', () => ({ value: Buffer.from([0xff, 0xfe, 0x00, 0x80]) })],
  ['that is a depth bomb', () => ({ value: '['.repeat(DEPTH) + ']'.repeat(DEPTH) })],
  ['that is empty', () => ({ value: null })],
  ['with a huge broken header', (record) => withHeader(record, 'ce_id', 'x'.repeat(HEADER_BYTES))],
];

const noTenant = (world: World): Promise<string[]> =>
  world.deadLetters.giveUp([
    ...forge(world, consumedTypes(), 'without a tenant', (r) => without(r, 'ce_tenantid')),
    ...forge(world, consumedTypes(), 'of no tenant', (r) => withHeader(r, 'ce_tenantid', 'x')),
  ]);

async function twoTenants(world: World): Promise<string[]> {
  const types = consumedTypes().filter(namesTenantTwice);
  if (types.length === 0) return ['no type names its tenant twice'];
  return world.deadLetters.giveUp(forge(world, types, 'of two tenants', ofAnother));
}

/** One type a topic will do: what is no event is no type either. */
function topicsOf(types: readonly EventType[], world: World): EventType[] {
  const topics = new Set(types.map((type) => exampleEvent(type, world.a.id).topic));
  return [...topics].map((topic) => {
    const [most] = typesOn(topic)
      .filter((type) => types.includes(type))
      .sort((x, y) => consumersOf(y).length - consumersOf(x).length);
    if (!most) throw new Error(`nothing is consumed from ${topic}`);
    return most;
  });
}

async function poison(world: World): Promise<string[]> {
  const types = topicsOf(consumedTypes(), world);
  const records = poisons.flatMap(([what, change]) => forge(world, types, what, change));
  const findings = await world.deadLetters.giveUp(records);
  return [...findings, ...(await partitionsGoOn(world))];
}

async function partitionsGoOn(world: World): Promise<string[]> {
  const hour = await freshHour(world);
  const events = Array.from({ length: 12 }, () => queued(world.a.id, hour));
  await produceRecords([world.stack.kafka.brokers], events);
  return countsOf(world, [[world.a.id, hour, events.length]]);
}

const B_IDS: Readonly<Record<string, (world: World) => unknown>> = {
  email_id: ({ b }) => b.belongings.emails?.[0],
  mailbox_id: ({ b }) => b.mailboxId,
  storage_key: ({ storageKeyOfB }) => storageKeyOfB,
  keys: ({ storageKeyOfB }) => [storageKeyOfB],
  denied: ({ condemnedKeyOfB }) => [condemnedKeyOfB],
  // One event speaks of one bucket of keys: what is held is attached as by `storage_key`.
  held: () => [],
  owner_user_id: ({ b }) => b.mailboxId,
  tenant_id: ({ a }) => a.id,
  subject_id: ({ storageKeyOfB }) => storageKeyOfB,
};

function withIdsOfB(world: World, value: unknown, field = ''): unknown {
  const theirs = B_IDS[field];
  if (theirs) return theirs(world);
  if (Array.isArray(value)) return value.map((item) => withIdsOfB(world, item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, of]) => [name, withIdsOfB(world, of, name)]);
  return Object.fromEntries(entries);
}

/** A's events naming B's things: nothing of B's changes, whatever A makes of them. */
async function namingB(world: World): Promise<string[]> {
  const before = await settledDigestOf(world, world.b.id);
  const records = consumedTypes().map((type) =>
    recordOf(type, world.a.id, withIdsOfB(world, exampleOf(type)) as Record<string, unknown>),
  );
  const tombstones = records.map((record, n): ForgedRecord => ({
    ...record,
    value: null,
    name: `a tombstone on ${record.topic}`,
    givenUpBy: consumersOf(consumedTypes()[n] as EventType),
  }));
  await produceRecords([world.stack.kafka.brokers], records);
  // What comes behind them on each partition shows that they have been taken.
  const findings = await world.deadLetters.giveUp(tombstones);
  const after = await digestOf(world, world.b.id);
  const changed = Object.keys(before).filter((table) => before[table] !== after[table]);
  return [...findings, ...changed.map((table) => `${table} of another tenant has changed`)];
}

const QUEUED = 'penguinmails.email.queued.v1';

function queued(tenantId: string, hour: string): TestRecord {
  const email_id = newId();
  return recordOf(QUEUED, tenantId, { ...exampleOf(QUEUED), email_id, occurred_at: hour });
}

const HOUR_MS = 3_600_000;
let hoursBack = 24;

/** An hour of days ago in which nothing has been counted yet. */
async function freshHour({ stack }: World): Promise<string> {
  for (;;) {
    hoursBack += 1;
    const hour = new Date(Math.floor(Date.now() / HOUR_MS - hoursBack) * HOUR_MS).toISOString();
    const text = 'SELECT FROM email_activity_hourly WHERE bucket = $1 LIMIT 1';
    const rows = await queryAs(stack.databases.olap.admin_url, text, [hour]);
    if (rows.length === 0) return hour;
  }
}

type Count = [tenant: string, hour: string, count: number];

/** Waits for these counts, then looks for any other tenant's in the same hours. */
async function countsOf(world: World, due: readonly Count[]): Promise<string[]> {
  const hours = [...new Set(due.map(([, hour]) => hour))];
  const text = `SELECT tenant_id, bucket, sum(queued_count)::int AS count FROM email_activity_hourly
    WHERE bucket = ANY ($1) GROUP BY 1, 2`;
  type Row = { tenant_id: string; bucket: Date; count: number };
  const read = () => queryAs<Row>(world.stack.databases.olap.admin_url, text, [hours]);
  const total = due.reduce((sum, [, , count]) => sum + count, 0);
  const sumOf = (rows: readonly Row[]) => rows.reduce((sum, { count }) => sum + count, 0);
  const within = { timeoutMs: 240_000, intervalMs: 100 };
  await eventually(async () => sumOf(await read()) >= total, within).catch(() => undefined);
  const seen = (await read()).map((row): Count => [
    row.tenant_id,
    row.bucket.toISOString(),
    row.count,
  ]);
  const wrong = seen.filter((row) => !due.some((one) => String(one) === String(row)));
  const missing = due.filter((one) => !seen.some((row) => String(one) === String(row)));
  return [
    ...wrong.map(([, hour, count]) => `${count} counted for the wrong tenant or twice at ${hour}`),
    ...missing.map(([, hour, count]) => `not just ${count} counted at ${hour}`),
  ];
}

/** Records of one request: together they stay below what a broker takes. */
const BATCH = 500;

/** A handler that throws in the middle: one hour is refused by the database for a while. */
async function interleaved(world: World, { interleavedEvents }: Volume): Promise<string[]> {
  const { a, b, stack } = world;
  const hours = [await freshHour(world), await freshHour(world), await freshHour(world)];
  const [ofA = '', ofB = '', refused = ''] = hours;
  const admin = stack.databases.olap.admin_url;
  const table = 'ALTER TABLE email_activity_hourly';
  const check = `CHECK (bucket <> '${refused}') NOT VALID`;
  await queryAs(admin, `${table} ADD CONSTRAINT refused_for_a_while ${check}`);
  const half = Math.ceil(interleavedEvents / 2);
  const pairs = Array.from({ length: half }, () => [queued(a.id, ofA), queued(b.id, ofB)]).flat();
  pairs.splice(half, 0, queued(a.id, refused));
  const due: Count[] = [
    [a.id, ofA, half],
    [b.id, ofB, half],
  ];
  try {
    for (let from = 0; from < pairs.length; from += BATCH)
      await produceRecords([stack.kafka.brokers], pairs.slice(from, from + BATCH));
    const findings = await countsOf(world, due);
    if (findings.length > 0) return findings;
  } finally {
    await queryAs(admin, `${table} DROP CONSTRAINT refused_for_a_while`);
  }
  return countsOf(world, [...due, [a.id, refused, 1]]);
}

/** The Kafka part of reference/tenancy.md section 7, where no ACL is needed. */
export const kafkaProbes: readonly LiveProbe[] = [
  { numbers: [70], name: 'an event without a tenant is given up', run: noTenant },
  { numbers: [71], name: 'an event of two tenants is given up', run: twoTenants },
  { numbers: [72, 81], name: 'events naming things of another tenant', run: namingB },
  { numbers: [76, 77], name: 'two tenants in one batch, a handler throws', run: interleaved },
  { numbers: [80], name: 'poison is given up and the partition goes on', run: poison },
];
