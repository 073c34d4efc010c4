import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, type INestMicroservice, Inject, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { newId } from '@penguinmails/contracts';
import { DatabaseModule, type SystemTransaction } from '@penguinmails/database';
import { injectTrace, metrics, spans, withSpan } from '@penguinmails/observability';
import {
  collectEvents,
  type EventCollector,
  eventually,
  freePort,
  measured,
  produceRecords,
  eventRecord,
  produceEvents,
  testBrokers,
} from '@penguinmails/testing';
import { RecordedTelemetry } from '@penguinmails/testing/telemetry';
import {
  EventTransport,
  EventWriter,
  HandlesEvent,
  MessagingHealth,
  MessagingModule,
  type MessagingSettings,
  type ReceivedEvent,
} from '../../src/index.js';
import {
  ACCEPTED,
  accepted,
  databaseSettings,
  Fixture,
  PUBLIC_URL,
  RAISED,
  recordEffects,
  silent,
  WITHDRAWN,
  withdrawn,
} from './outbox-fixture.js';

const RECORDED = 'penguinmails.delivery.recorded.v1';
const FINISHED = 'penguinmails.job_group.finished.v1';
const DELIVERIES_TOPIC = 'penguinmails.internal.queue.deliveries.v1';
const DEAD_LETTERS = 'penguinmails.dlq.queue.v1';

const telemetry = new RecordedTelemetry();

let fixture: Fixture;
let deliveries: EventCollector;
const apps: INestMicroservice[] = [];
/** Tenants of this file: topics hold events of other tests too. */
const own = new Set<string>();
const poison = new Set<string>();

beforeAll(async () => {
  telemetry.start();
  fixture = await Fixture.create('queue');
  deliveries = await collectEvents(testBrokers(), [DELIVERIES_TOPIC, DEAD_LETTERS]);
});
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));
afterAll(async () => {
  await deliveries.stop();
  await fixture.drop();
  await telemetry.stop();
});

function newTenant(): string {
  const tenantId = newId();
  own.add(tenantId);
  return tenantId;
}

const mine = <E extends ReceivedEvent>(events: E[]) => events.filter((e) => own.has(e.tenantId));

@Controller()
class OnEmailAccepted {
  constructor(@Inject(EventWriter) private readonly events: EventWriter) {}

  @HandlesEvent(ACCEPTED, { login: 'system' })
  async handle(received: ReceivedEvent<typeof ACCEPTED>[], tx: SystemTransaction): Promise<void> {
    await recordEffects(mine(received), tx);
    await this.events.write(
      tx,
      mine(received).map(({ id, tenantId, data }) => ({
        type: RECORDED,
        tenantId,
        subject: data.email_id,
        causationId: id,
        data: { items: [outcome(data.email_id)] },
      })),
    );
  }
}

@Controller()
class OnEmailWithdrawn {
  @HandlesEvent(WITHDRAWN, { login: 'system' })
  async handle(received: ReceivedEvent<typeof WITHDRAWN>[], tx: SystemTransaction): Promise<void> {
    if (received.some(({ subject }) => poison.has(subject))) throw new TypeError('a bug');
    await recordEffects(mine(received), tx);
  }
}

function outcome(email_id: string) {
  return {
    email_id,
    attempt: 1,
    class: 'delivered' as const,
    final: true,
    code: 250,
    enhanced_code: null,
    error_code: null,
    occurred_at: new Date().toISOString(),
  };
}

const CONTROLLERS = [OnEmailAccepted, OnEmailWithdrawn];

async function boot(
  controllers: Type[] = CONTROLLERS,
  more: Partial<MessagingSettings> = {},
): Promise<INestMicroservice> {
  const testing = await Test.createTestingModule({
    imports: [
      DatabaseModule.forTier(databaseSettings('queue', fixture.tierDatabase)),
      MessagingModule.forTier({
        tier: 'queue',
        consumerGroup: `queue-test-${randomUUID()}`,
        brokers: testBrokers(),
        consumes: [ACCEPTED, WITHDRAWN],
        emits: [RECORDED, RAISED, FINISHED],
        publicUrl: PUBLIC_URL,
        logger: silent,
        retrySchedule: { firstMs: 50, maxMs: 50, tries: 100 },
        ...more,
      }),
    ],
    controllers,
  }).compile();
  const app = testing.createNestMicroservice({
    strategy: testing.get(EventTransport),
    logger: false,
  });
  apps.push(app);
  await app.listen();
  return app;
}

const hasEffect = async (emailId: string) => (await fixture.effects()).includes(emailId);

describe('a tier service', () => {
  it('handles events and publishes its own, as one trace, each event once', async () => {
    const app = await boot();
    const tenantId = newTenant();
    const event = accepted(tenantId);
    const headers = await withSpan(spans.httpServer, {}, async () => injectTrace());
    const record = eventRecord({ ...event, id: newId(), correlationId: 'request-1' });
    const traced = { ...record, headers: { ...record.headers, ...headers } };
    await produceRecords(testBrokers(), [traced, traced]);
    const published = await deliveries.waitFor((e) => e.tenantId === tenantId);
    expect(published.data).toMatchObject({ items: [{ email_id: event.subject }] });
    expect(published.headers).toMatchObject({
      ce_causationid: record.headers?.ce_id,
      ce_correlationid: 'request-1',
      ce_source: '/penguinmails/queue',
    });
    const traceId = headers.traceparent.split('-')[1];
    expect(published.headers.traceparent).toContain(traceId);
    const names = [spans.httpServer, spans.consumerSlice, spans.outboxRelay];
    await eventually(() => expect(namesOf(traceId)).toEqual(expect.arrayContaining(names)));
    await eventually(async () => (await app.get(MessagingHealth).report()).outbox.depth === 0);
    expect((await fixture.effects()).filter((key) => key === event.subject)).toHaveLength(1);
  });

  it('keeps each trace whole when one slice and one send hold many', async () => {
    const tenantId = newTenant();
    const events = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { headers, ...record } = eventRecord(accepted(tenantId));
        const traced = await withSpan(spans.httpServer, { parent: ROOT_CONTEXT }, async () =>
          injectTrace(),
        );
        return { ...record, headers: { ...headers, ...traced } };
      }),
    );
    await produceRecords(testBrokers(), events);
    await boot();
    const published = () => deliveries.events.filter((e) => e.tenantId === tenantId);
    await eventually(() => new Set(published().map(({ id }) => id)).size === 5);
    for (const { headers } of events) {
      const traceId = headers.traceparent.split('-')[1];
      const caused = published().find((e) => e.headers.ce_causationid === headers.ce_id);
      expect(caused?.headers.traceparent).toContain(traceId);
      const names = [spans.consumerSlice, spans.outboxRelay];
      await eventually(() => expect(namesOf(traceId)).toEqual(expect.arrayContaining(names)));
    }
  });

  it('survives a TypeError in a handler, parks that event and retries it', async () => {
    const app = await boot();
    const tenantId = newTenant();
    const [bad, good] = [withdrawn(tenantId), withdrawn(tenantId)];
    poison.add(bad.subject);
    await produceEvents(testBrokers(), [bad, good]);
    await eventually(() => hasEffect(good.subject));
    const parked = 'SELECT FROM parked_event WHERE key = $1 AND attempts > 0';
    await eventually(async () => (await fixture.rows(parked, [bad.subject])).length === 1);
    await handlersHarmNobody(app);
    poison.delete(bad.subject);
    await eventually(() => hasEffect(bad.subject));
  });

  it('moves what is no event to the dead-letter topic at once, and its partition goes on', async () => {
    const app = await boot();
    const tenantId = newTenant();
    const event = withdrawn(tenantId);
    const broken = { ...eventRecord(event), value: '{"nonsense":true}' };
    await produceRecords(testBrokers(), [broken, eventRecord(event)]);
    const letter = await deliveries.waitFor((e) => e.tenantId === tenantId);
    expect(letter).toMatchObject({
      topic: DEAD_LETTERS,
      key: event.subject,
      data: { nonsense: true },
      headers: { 'dlq-reason': 'invalid_data', 'dlq-attempts': '0' },
    });
    await eventually(() => hasEffect(event.subject));
    await handlersHarmNobody(app);
  });

  it('fails the boot when a handler is missing, doubled, or contracts disagree', async () => {
    await expect(boot([OnEmailAccepted])).rejects.toThrow(`${WITHDRAWN} has no handler`);
    @Controller()
    class OnEmailAcceptedAgain extends OnEmailAccepted {}
    await expect(boot([...CONTROLLERS, OnEmailAcceptedAgain])).rejects.toThrow(
      'more than one handler',
    );
    await expect(boot(CONTROLLERS, { consumes: [ACCEPTED] })).rejects.toThrow('not in consumes');
  });

  it('boots and stops while Kafka is down, and reports it', async () => {
    // Once is enough: what waits for Kafka waits each time, a machine does not always stand still.
    await eventually(async () => {
      const app = await boot(CONTROLLERS, { brokers: [`127.0.0.1:${await freePort()}`] });
      const report = await app.get(MessagingHealth).report();
      expect(report).toMatchObject({ consumer: { state: 'connecting', lag: 0 } });
      const { activeMs } = await measured(async () => apps.pop()?.close());
      expect(activeMs).toBeLessThan(5000);
    });
  });

  it('shows in its gauges how much of the outbox waits, and for how long the oldest', async () => {
    await fixture.clear();
    const app = await boot(CONTROLLERS, { brokers: [`127.0.0.1:${await freePort()}`] });
    expect(await gauge(metrics.outboxDepth)).toBe(0);
    expect(await gauge(metrics.outboxOldestAge)).toBe(0);
    const tenantId = newTenant();
    await fixture.database.system.transaction((tx) =>
      app.get(EventWriter).write(
        tx,
        [newId(), newId(), newId()].map((email_id) => ({
          ...{ type: RECORDED, tenantId, subject: email_id },
          data: { items: [outcome(email_id)] },
        })),
      ),
    );
    expect(await gauge(metrics.outboxDepth)).toBe(3);
    await fixture.rows(
      `UPDATE outbox SET created_at = now() - interval '1 hour'
       WHERE seq = (SELECT min(seq) FROM outbox)`,
    );
    const age = await gauge(metrics.outboxOldestAge);
    expect(age).toBeGreaterThanOrEqual(3600);
    expect(age).toBeLessThan(3900);
    await fixture.clear();
  });
});

/** The consumer goes on; a broker that is late may have cost a rebuild, a handler never. */
async function handlersHarmNobody(app: INestMicroservice): Promise<void> {
  const state = () => app.get(EventTransport).consumer?.state();
  await eventually(() => expect(state()).toMatchObject({ status: 'running', paused: [] }));
  expect(state()?.lastFailure?.reason ?? 'kafka_js').toMatch(/^kafka_js/);
}

/** What a gauge shows; undefined: nothing. */
async function gauge(metric: { readonly name: string }): Promise<unknown> {
  return (await telemetry.pointsOf(metric))[0]?.value;
}

function namesOf(traceId: string): string[] {
  return telemetry.spans
    .filter((span) => span.spanContext().traceId === traceId)
    .map(({ name }) => name);
}
