import type { EventType } from '@penguinmails/contracts';
import {
  type Database,
  openDatabase,
  type SystemTransaction,
  type TenantTransaction,
} from '@penguinmails/database';
import { type EventHandler, type RunSlice, SliceConsumer } from '@penguinmails/kafka';
import { TOPIC, TYPE } from './inbox-load.ts';
import type { RunOptions, Window } from './inbox-window.ts';

interface Received {
  readonly tenantId: string;
  readonly time: Date;
  readonly data: { readonly size_bytes: number };
}

interface Runner {
  run: RunSlice;
}

/** Not part of the library's public face: Nest builds them in a service. */
async function loaded<T>(file: string): Promise<T> {
  return (await import(new URL(`../../libs/outbox/dist/${file}.js`, import.meta.url).href)) as T;
}

interface Parts {
  HandlerRegistry: new (
    consumes: readonly EventType[],
    handlers: ReadonlyMap<string, EventHandler>,
  ) => object;
  SliceRunner: new (settings: object) => Runner;
}

const say = (fields: object, message: string): boolean =>
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
const logger = { debug: () => undefined, info: () => undefined, warn: say, error: say };

function open({ appUrl, systemUrl }: RunOptions): Database {
  const pool = { max: 10, idleTimeoutMillis: 30_000, connectionTimeoutMillis: 60_000 };
  return openDatabase({
    tier: 'olap',
    app: { url: appUrl, ...pool },
    system: { url: systemUrl, ...pool },
    pooled: false,
  });
}

const hourOf = ({ time }: Received): string => `${time.toISOString().slice(0, 13)}:00:00Z`;
const bytesOf = (events: readonly Received[]): number =>
  events.reduce((sum, { data }) => sum + data.size_bytes, 0);

const UPSERT = `
  INSERT INTO tallies (tenant_id, hour, events, bytes) VALUES ($1, $2, $3, $4)
  ON CONFLICT (tenant_id, hour) DO UPDATE
  SET events = tallies.events + excluded.events, bytes = tallies.bytes + excluded.bytes`;

async function tallyOne(events: readonly Received[], tx: TenantTransaction): Promise<void> {
  const values = [tx.tenantId, hourOf(events[0]), events.length, bytesOf(events)];
  await tx.query(UPSERT, values, { name: 'tally-one' });
}

const UPSERT_MANY = `
  INSERT INTO tallies (tenant_id, hour, events, bytes)
  SELECT tenant_id, hour, count(*), sum(bytes)
  FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS new (tenant_id, hour, bytes)
  GROUP BY tenant_id, hour ORDER BY tenant_id, hour
  ON CONFLICT (tenant_id, hour) DO UPDATE
  SET events = tallies.events + excluded.events, bytes = tallies.bytes + excluded.bytes`;

async function tallyMany(events: readonly Received[], tx: SystemTransaction): Promise<void> {
  const bytes = events.map(({ data }) => data.size_bytes);
  const values = [events.map(({ tenantId }) => tenantId), events.map(hourOf), bytes];
  await tx.query(UPSERT_MANY, values, { name: 'tally-many' });
}

function handlerOf(login: 'app' | 'system', window: Window): EventHandler {
  const run = async (payload: unknown, tx: unknown): Promise<void> => {
    const events = payload as Received[];
    await (login === 'app'
      ? tallyOne(events, tx as TenantTransaction)
      : tallyMany(events, tx as SystemTransaction));
    window.add(events.length);
  };
  return { extras: { login }, run };
}

/** The library's consumer, as EventTransport puts it together, without Nest around the handler. */
export async function runSlices(options: RunOptions, window: Window): Promise<void> {
  const { SliceRunner } = await loaded<Pick<Parts, 'SliceRunner'>>('slice-runner');
  const { HandlerRegistry } = await loaded<Pick<Parts, 'HandlerRegistry'>>('handler-registry');
  const login = options.way === 'app' ? 'app' : 'system';
  const registry = new HandlerRegistry([TYPE], new Map([[TYPE, handlerOf(login, window)]]));
  const database = open(options);
  const { group, brokers } = options;
  const settings = { tier: 'olap', group, database, registry, logger, firstRetryMs: 1_000 };
  const runner = new SliceRunner(settings);
  const consumer = new SliceConsumer({
    brokers: brokers.split(','),
    clientId: 'bench',
    groupId: group,
    topics: [TOPIC],
    logger,
    runSlice: (slice) => runner.run(slice),
  });
  consumer.start();
  await window.ended;
  await consumer.stop();
  await database.close();
}
