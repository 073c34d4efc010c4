import { createServer, connect, type Server } from 'node:net';
import pg from 'pg';
import { type EventType, newId, type Tier } from '@penguinmails/contracts';
import {
  type Database,
  type DatabaseSettings,
  openDatabase,
  type SystemTransaction,
  type TenantTransaction,
} from '@penguinmails/database';
import {
  createRelayProducer,
  type EventHandler,
  type EventProducer,
  type IncomingRecord,
  type OutgoingRecord,
  type RecordSlice,
} from '@penguinmails/kafka';
import type { Logger } from '@penguinmails/observability';
import {
  createTierDatabase,
  eventRecord,
  testBrokers,
  type TestEvent,
  type TestRecord,
  type TierDatabase,
} from '@penguinmails/testing';
import { EventWriter } from '../../src/event-writer.js';
import type { AnyNewEvent, ReceivedEvent } from '../../src/events.js';
import { HandlerRegistry } from '../../src/handler-registry.js';
import type { HandlerLogin } from '../../src/handles-event.js';
import { OutboxRelay } from '../../src/outbox-relay.js';
import { SliceRunner } from '../../src/slice-runner.js';
import { WakeUp } from '../../src/wake-up.js';

export const WITHDRAWN = 'penguinmails.email.withdrawn.v1';
export const ACCEPTED = 'penguinmails.email.accepted.v1';
export const RAISED = 'penguinmails.system.event_raised.v1';
export const EMAILS_TOPIC = 'penguinmails.internal.oltp.emails.v1';
export const PUBLIC_URL = 'http://localhost:8080';

const nothing = () => undefined;
export const silent = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
} as unknown as Logger;

/** One row per effect of a handler, and rows to lock as an aggregate. */
const TEST_TABLES = `
  CREATE TABLE effects (tenant_id uuid, seq bigint GENERATED ALWAYS AS IDENTITY, event_id uuid,
    key text, note text);
  SELECT secure_tenant_table('effects', 'SELECT, INSERT', 'SELECT, INSERT');
  CREATE TABLE aggregates (tenant_id uuid, id uuid PRIMARY KEY, version integer NOT NULL);
  SELECT secure_tenant_table('aggregates', 'SELECT, INSERT, UPDATE', 'SELECT');`;

/** A process that stands still in a transaction loses it after 15 s, who waits for it after 5 s: not here. */
function patient(loginUrl: string): string {
  const url = new URL(loginUrl);
  const limits = ['lock_timeout', 'idle_in_transaction_session_timeout'];
  url.searchParams.set('options', limits.map((name) => `-c ${name}=120s`).join(' '));
  return url.href;
}

export function databaseSettings(
  tier: Tier,
  { appUrl, systemUrl }: TierDatabase,
): DatabaseSettings {
  const pool = { max: 10, idleTimeoutMillis: 1000, connectionTimeoutMillis: 30_000 };
  return {
    tier,
    app: { ...pool, url: appUrl },
    system: { ...pool, url: systemUrl },
    pooled: false,
  };
}

/** A tier's database with two more tables, and everything of this library on it. */
export class Fixture {
  readonly wakeUp = new WakeUp();
  readonly writer = new EventWriter(
    { tier: 'oltp', emits: [ACCEPTED, WITHDRAWN, RAISED], publicUrl: PUBLIC_URL },
    this.wakeUp,
  );

  private constructor(
    readonly tierDatabase: TierDatabase,
    readonly database: Database,
    /** Superuser: sees the rows of all tenants. */
    readonly admin: pg.Client,
  ) {}

  static async create(tier: Tier = 'oltp'): Promise<Fixture> {
    const tierDatabase = await createTierDatabase(tier);
    const admin = new pg.Client(tierDatabase.adminUrl);
    await admin.connect();
    await admin.query(TEST_TABLES);
    const { appUrl, systemUrl } = tierDatabase;
    const logins = { ...tierDatabase, appUrl: patient(appUrl), systemUrl: patient(systemUrl) };
    const database = openDatabase(databaseSettings(tier, logins));
    return new Fixture(tierDatabase, database, admin);
  }

  async drop(): Promise<void> {
    await this.database.close();
    await this.admin.end();
    await this.tierDatabase.drop();
  }

  /** Empties the tables between tests. */
  async clear(): Promise<void> {
    await this.admin.query(
      'TRUNCATE outbox, inbox, consumer_position, parked_event, effects, aggregates RESTART IDENTITY',
    );
  }

  async rows<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]> {
    return (await this.admin.query<R>(text, values)).rows;
  }

  /** A superuser's connection of its own. */
  async asAdmin(work: (admin: pg.Client) => Promise<void>): Promise<void> {
    const admin = new pg.Client(this.tierDatabase.adminUrl);
    await admin.connect();
    await work(admin).finally(() => admin.end());
  }

  /** Ids of the e-mails whose effects are there, in order. */
  async effects(): Promise<string[]> {
    const rows = await this.rows<{ key: string }>('SELECT key FROM effects ORDER BY seq');
    return rows.map(({ key }) => key);
  }

  async write(tenantId: string, ...events: AnyNewEvent[]): Promise<void> {
    await this.database.tenants.transaction(tenantId, (tx) => this.writer.write(tx, events));
  }

  relay(producer: EventProducer = relayProducer(), wakeUp = this.wakeUp): OutboxRelay {
    return new OutboxRelay({ system: this.database.system, producer, wakeUp, logger: silent });
  }

  runner(registry: HandlerRegistry, firstRetryMs = 60_000): SliceRunner {
    return new SliceRunner({
      tier: 'oltp',
      group: 'oltp',
      database: this.database,
      registry,
      logger: silent,
      firstRetryMs,
    });
  }
}

export const relayProducer = (brokers: readonly string[] = testBrokers()): EventProducer =>
  createRelayProducer({ brokers, clientId: 'outbox-test', logger: silent });

export type AnyTransaction = TenantTransaction | SystemTransaction;
export type Handle = (events: ReceivedEvent[], tx: AnyTransaction) => Promise<void>;

/** Writes one effect per event. */
export const recordEffects: Handle = async (events, tx) => {
  for (const event of events) {
    await tx.query('INSERT INTO effects (tenant_id, event_id, key, note) VALUES ($1, $2, $3, $4)', [
      event.tenantId,
      event.id,
      event.subject,
      event.type,
    ]);
  }
};

/** A registry as Nest would have filled it. */
export function registryOf(login: HandlerLogin, handlers: Partial<Record<EventType, Handle>>) {
  const plain = Object.entries(handlers).map(([type, handle]): [string, EventHandler] => [
    type,
    {
      extras: { login },
      run: (events, tx) => handle(events as ReceivedEvent[], tx as AnyTransaction),
    },
  ]);
  return new HandlerRegistry(Object.keys(handlers) as EventType[], new Map(plain));
}

export function withdrawn(
  tenantId: string,
  emailId = newId(),
  more: Partial<TestEvent<typeof WITHDRAWN>> = {},
): TestEvent<typeof WITHDRAWN> {
  const data = { email_id: emailId, reason: 'cancelled' as const };
  return { type: WITHDRAWN, tenantId, subject: emailId, data, ...more };
}

export function accepted(tenantId: string, emailId = newId()): TestEvent<typeof ACCEPTED> {
  return {
    type: ACCEPTED,
    tenantId,
    subject: emailId,
    data: {
      email_id: emailId,
      storage_key: 'cnt_kJ3vQm8ZrT5xW1yB7nC2dA',
      mailbox_id: newId(),
      domain_key: '9f86d081884c7d659a2feaa0c55ad015',
      mode: 'live',
      priority: 0,
      scheduled_at: null,
      size_bytes: 1,
    },
  };
}

/** Records on one partition from an offset on, as the consumer hands them over. */
export function sliceOf(
  records: readonly (TestEvent | TestRecord)[],
  firstOffset = 0,
  end = firstOffset + records.length,
): RecordSlice {
  const incoming = records.map((record, n) => incomingOf(record, BigInt(firstOffset + n)));
  return {
    topic: incoming[0].topic,
    partition: 0,
    records: incoming,
    highWatermark: BigInt(end),
    currentHighWatermark: async () => BigInt(end),
  };
}

function incomingOf(from: TestEvent | TestRecord, offset: bigint): IncomingRecord {
  const { topic, key, value, headers } = 'type' in from ? eventRecord(from) : from;
  return {
    topic,
    partition: 0,
    offset,
    key,
    value: value === null ? null : Buffer.from(value),
    headers: { ...headers },
    timestamp: new Date(),
  };
}

/** Passes on to Kafka, but lets a test hold a batch back or look at it. */
export class GatedProducer implements EventProducer {
  requests = 0;
  /** Requests that the broker refused or did not answer in time. */
  rejected = 0;

  constructor(
    private readonly inner: EventProducer,
    private readonly before: (records: readonly OutgoingRecord[]) => Promise<void> = async () =>
      undefined,
  ) {}

  connect(): Promise<void> {
    return this.inner.connect();
  }

  async sendBatch(records: readonly OutgoingRecord[]): Promise<void> {
    this.requests += 1;
    await this.before(records);
    await this.inner.sendBatch(records).catch((error: unknown) => {
      this.rejected += 1;
      throw error;
    });
  }

  disconnect(): Promise<void> {
    return this.inner.disconnect();
  }
}

/** Forwards a port to the broker once it is opened: a Kafka that is down at first. */
export class LateBroker {
  #server: Server | undefined;

  constructor(readonly port: number) {}

  open(): Promise<void> {
    const [host, port] = testBrokers()[0].split(':');
    this.#server = createServer((socket) => {
      const upstream = connect(Number(port), host);
      socket.pipe(upstream).pipe(socket);
      socket.on('error', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
    });
    return new Promise((resolve) => this.#server?.listen(this.port, '127.0.0.1', resolve));
  }

  close(): void {
    this.#server?.close();
  }
}
