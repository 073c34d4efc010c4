import { describe, expect, it, jest } from '@jest/globals';
import { type EventType, newId, typesConsumedBy, typesEmittedBy } from '@penguinmails/contracts';
import type { EventHandler, IncomingRecord } from '@penguinmails/kafka';
import { eventRecord, type TestEvent } from '@penguinmails/testing';
import { tenantOf } from './dead-letters.js';
import { decodeRecord } from './decode-record.js';
import { errorSlug } from './error-slug.js';
import type { EventRecord } from './event-record.js';
import { byTenant, typeRuns } from './event-runs.js';
import { assertDeclared, HandlerRegistry } from './handler-registry.js';
import { LaneBackoff } from './lane-backoff.js';
import { RelayPace } from './relay-pace.js';
import { nextRetryMs, RETRY_SCHEDULE } from './retry-schedule.js';
import { WakeUp } from './wake-up.js';

const ACCEPTED = 'penguinmails.email.accepted.v1';
const WITHDRAWN = 'penguinmails.email.withdrawn.v1';
const handles = (type: string): type is EventType => type === WITHDRAWN;

function withdrawn(more: Partial<TestEvent<typeof WITHDRAWN>> = {}): IncomingRecord {
  const id = newId();
  const data = { email_id: id, reason: 'cancelled' } as const;
  const record = eventRecord({ type: WITHDRAWN, tenantId: newId(), subject: id, data, ...more });
  return {
    topic: record.topic,
    partition: 0,
    offset: 7n,
    key: record.key,
    value: Buffer.from(String(record.value)),
    headers: { ...record.headers },
    timestamp: new Date(),
  };
}

function altered(change: (record: IncomingRecord) => void): IncomingRecord {
  const record = withdrawn();
  change(record);
  return record;
}

describe('decodeRecord', () => {
  it('decodes an event with everything its writer said', () => {
    const record = withdrawn({ correlationId: 'c-1', causationId: 'x-1', entityVersion: 3 });
    record.headers.traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const decoded = decodeRecord(record, handles) as EventRecord;
    expect(decoded.kind).toBe('event');
    expect(decoded.key).toBe(record.key);
    expect(decoded.event).toMatchObject({
      id: record.headers.ce_id,
      type: WITHDRAWN,
      tenantId: record.headers.ce_tenantid,
      data: { reason: 'cancelled' },
      correlationId: 'c-1',
      causationId: 'x-1',
      entityVersion: 3,
      traceparent: record.headers.traceparent,
    });
  });

  it('ignores types that this service does not handle, whatever else is wrong with them', () => {
    const other = altered((record) => {
      record.headers = { ce_type: 'penguinmails.email.invented.v9' };
    });
    expect(decodeRecord(other, handles).kind).toBe('ignored');
  });

  it.each<[string, (record: IncomingRecord) => void]>([
    ['bad_header_ce_specversion', (r) => (r.headers = {})],
    ['bad_header_ce_tenantid', (r) => delete r.headers.ce_tenantid],
    ['bad_header_ce_id', (r) => (r.headers.ce_id = 'not-an-id')],
    ['empty_value', (r) => (r.value = null)],
    ['invalid_data', (r) => (r.value = Buffer.from('{'))],
    ['invalid_data', (r) => (r.value = Buffer.from([0xff, 0xfe, 0x00]))],
    ['invalid_data', (r) => (r.value = Buffer.from('{"reason":"cancelled"}'))],
    ['wrong_topic', (r) => (r.topic = 'penguinmails.public.email.events.v1')],
    ['wrong_topic', (r) => (r.headers.ce_source = '/penguinmails/queue')],
    ['bad_key', (r) => (r.key = 'a\0b')],
  ])('calls a record undecodable: %s', (reason, change) => {
    expect(decodeRecord(altered(change), handles)).toMatchObject({ kind: 'undecodable', reason });
  });

  /** An event of its type as its writer makes it, then changed. */
  function decodedAfter(event: TestEvent, change: (record: IncomingRecord) => void) {
    const { topic, key, value, headers } = eventRecord(event);
    const record = { ...withdrawn(), topic, key, value: Buffer.from(String(value)) };
    const changed = { ...record, headers: { ...headers } };
    change(changed);
    return decodeRecord(changed, (name): name is EventType => name === event.type);
  }
  const [own, other] = [newId(), newId()];
  const occurred_at = '2026-11-22T10:15:30.123Z';
  const what = { class: 'delivered', final: true, code: 250, enhanced_code: null } as const;
  const item = { ...what, email_id: newId(), attempt: 1, error_code: null, occurred_at };
  const raised = { severity: 'critical', subject_kind: 'content', subject_id: null } as const;
  const fingerprint = 'b1946ac92492d2347c6235b4d2611184';
  const alarm = { ...raised, event_type: 'content_missing', fingerprint, code: null, count: 1 };
  const foreignKey = (r: IncomingRecord) => (r.key = r.key?.replace(own, other) ?? null);

  it.each<[string, TestEvent, (record: IncomingRecord) => void]>([
    [
      'payload',
      {
        type: 'penguinmails.system.event_raised.v1',
        tenantId: own,
        subject: 's',
        data: { ...alarm, tenant_id: own },
      },
      (r) => (r.value = Buffer.from(String(r.value).replace(own, other))),
    ],
    [
      'key of e-mails',
      {
        type: 'penguinmails.delivery.recorded.v1',
        tenantId: own,
        subject: 's',
        data: { items: [item] },
      },
      foreignKey,
    ],
    [
      'key of contents',
      {
        type: 'penguinmails.content.references_asked.v1',
        tenantId: own,
        subject: 's',
        data: { keys: [`cnt_${'a'.repeat(22)}`] },
      },
      foreignKey,
    ],
  ])('believes no %s of another tenant', (_what, event, change) => {
    const reason = 'tenant_mismatch';
    expect(decodedAfter(event, change)).toMatchObject({ kind: 'undecodable', reason });
    expect(decodedAfter(event, () => undefined).kind).toBe('event');
  });

  it('puts a record without a usable tenant into the platform tenant', () => {
    expect(tenantOf({})).toBe('00000000-0000-0000-0000-000000000000');
    expect(tenantOf({ ce_tenantid: 'x' })).toBe('00000000-0000-0000-0000-000000000000');
  });
});

describe('order of handling', () => {
  const record = (tenantId: string, key: string, type: string, n: number) =>
    ({ kind: 'event', key, event: { tenantId, type, id: String(n) } }) as unknown as EventRecord;

  it('keeps the order of each key and needs few runs', () => {
    const mixed = [
      record('t', 'a', ACCEPTED, 1),
      record('t', 'a', WITHDRAWN, 2),
      record('t', 'b', ACCEPTED, 3),
      record('t', 'b', WITHDRAWN, 4),
      record('t', 'c', WITHDRAWN, 5),
      record('t', 'c', ACCEPTED, 6),
    ];
    const runs = typeRuns(mixed).map(({ type, records }) => [type, records.map((r) => r.event.id)]);
    expect(runs).toEqual([
      [ACCEPTED, ['1', '3']],
      [WITHDRAWN, ['2', '4', '5']],
      [ACCEPTED, ['6']],
    ]);
  });

  it('takes tenants in the same order, however they come', () => {
    const mixed = ['t2', 't3', 't1', 't2'].map((t, n) => record(t, 'k', ACCEPTED, n));
    const groups = [...byTenant(mixed)].map(([t, some]) => [t, some.map((r) => r.event.id)]);
    expect(groups).toEqual([
      ['t1', ['2']],
      ['t2', ['0', '3']],
      ['t3', ['1']],
    ]);
  });

  it('takes the same key of two tenants for two keys', () => {
    const two = [record('t1', 'k', WITHDRAWN, 1), record('t2', 'k', ACCEPTED, 2)];
    expect([...byTenant(two).keys()]).toEqual(['t1', 't2']);
    expect(typeRuns([...two, record('t2', 'k', WITHDRAWN, 3)])).toHaveLength(3);
  });

  it('never inverts a key, for random mixes', () => {
    for (let round = 0; round < 200; round++) {
      const mix = Array.from({ length: 40 }, (_, n) =>
        record('t', `k${random(4)}`, [ACCEPTED, WITHDRAWN, 'third'][random(3)], n),
      );
      const order = typeRuns(mix).flatMap(({ records }) => records);
      expect(order).toHaveLength(40);
      for (const key of ['k0', 'k1', 'k2', 'k3']) {
        const ids = order.filter((r) => r.key === key).map((r) => Number(r.event.id));
        expect(ids).toEqual([...ids].sort((a, b) => a - b));
      }
    }
  });

  const random = (below: number) => Math.floor(Math.random() * below);
});

describe('HandlerRegistry', () => {
  const handler = (login: unknown): EventHandler => ({ extras: { login }, run: async () => {} });
  const both = [ACCEPTED, WITHDRAWN] as const;

  it('knows handlers, topics and the login of each topic', () => {
    const registry = new HandlerRegistry(
      both,
      new Map([
        [ACCEPTED, handler('system')],
        [WITHDRAWN, handler('system')],
      ]),
    );
    expect(registry.topics).toEqual(['penguinmails.internal.oltp.emails.v1']);
    expect(registry.loginOf(registry.topics[0])).toBe('system');
    expect(registry.handles(ACCEPTED)).toBe(true);
    expect(registry.handles('toString')).toBe(false);
  });

  it.each<[string, readonly EventType[], [string, EventHandler][]]>([
    ['has no handler', both, [[ACCEPTED, handler('app')]]],
    ['is handled but not consumed', [], [[ACCEPTED, handler('app')]]],
    ['has no login', [ACCEPTED], [[ACCEPTED, handler(undefined)]]],
    [
      'mix logins',
      both,
      [
        [ACCEPTED, handler('app')],
        [WITHDRAWN, handler('system')],
      ],
    ],
  ])('refuses: %s', (finding, consumes, handlers) => {
    expect(() => new HandlerRegistry(consumes, new Map(handlers))).toThrow(finding);
  });
});

describe('assertDeclared', () => {
  const queue = { consumes: typesConsumedBy('queue'), emits: typesEmittedBy('queue') };

  it('accepts what the contracts say', () => {
    expect(() => assertDeclared({ tier: 'queue', ...queue })).not.toThrow();
  });

  it('wants curated admin events of who consumes: they tell of what is given up', () => {
    const raised = 'penguinmails.system.event_raised.v1';
    const emits = queue.emits.filter((type) => type !== raised);
    expect(() => assertDeclared({ tier: 'queue', ...queue, emits })).toThrow(
      `${raised} is not in emits`,
    );
  });

  it.each<[string, Partial<typeof queue>]>([
    [
      'contracts have no queue',
      { consumes: [...queue.consumes, 'penguinmails.tenant.created.v1'] },
    ],
    ['not in consumes', { consumes: [] }],
    ['queue may not emit', { emits: [...queue.emits, ACCEPTED] }],
    ['not in emits', { emits: [] }],
  ])('refuses: %s', (finding, change) => {
    expect(() => assertDeclared({ tier: 'queue', ...queue, ...change })).toThrow(finding);
  });
});

describe('retry schedule', () => {
  it('runs from 1 s to 1 h in ten tries', () => {
    const delays = Array.from({ length: 11 }, (_, failed) => nextRetryMs(failed, RETRY_SCHEDULE));
    expect(delays[0]).toBe(1000);
    expect(delays[9]).toBe(3_600_000);
    expect(delays[10]).toBeNull();
  });
});

describe('errorSlug', () => {
  it('names class or SQLSTATE and never repeats the message', () => {
    expect(errorSlug(new TypeError('a@b.example'))).toBe('type_error');
    expect(errorSlug(Object.assign(new Error('x'), { code: '23505' }))).toBe('sqlstate_23505');
    expect(errorSlug('text')).toBe('not_an_error');
    expect(errorSlug(Object.assign(new Error('x'), { name: '@@@' }))).toMatch(/^[a-z0-9_]+$/);
  });
});

describe('pace of the relay', () => {
  it('rests a moment between rounds, longer while each round has many rows', () => {
    const pace = new RelayPace();
    const result = { more: false, missed: false, outage: false };
    expect([0, 1, 19, 20, 500].map((sent) => pace.restAfter({ ...result, sent }))).toEqual([
      0, 5, 5, 40, 40,
    ]);
  });

  const idle = { sent: 0, more: false, missed: false, outage: false };

  it('polls at 20 ms after work and slows down to 500 ms', () => {
    const pace = new RelayPace();
    expect(pace.after({ ...idle, sent: 1 })).toBe(20);
    const waits = Array.from({ length: 8 }, () => pace.after(idle));
    expect(waits).toEqual([40, 80, 160, 320, 500, 500, 500, 500]);
    expect(pace.after({ ...idle, sent: 500, more: true })).toBe(0);
    expect(pace.behind).toBe(true);
    expect(pace.after({ ...idle, missed: true })).toBe(20);
    expect(pace.behind).toBe(false);
  });

  it('backs off to 5 s while Kafka is down and is quick again afterwards', () => {
    const pace = new RelayPace();
    const waits = Array.from({ length: 12 }, () => pace.after({ ...idle, outage: true }));
    expect(pace.backingOff).toBe(true);
    expect(waits[11]).toBeGreaterThanOrEqual(2500);
    expect(waits[11]).toBeLessThanOrEqual(5000);
    expect(pace.after({ ...idle, sent: 1 })).toBe(20);
    expect(pace.backingOff).toBe(false);
  });

  it('lets what nobody waits for gather, from the first of it on, past the next poll', async () => {
    jest.useFakeTimers();
    const wakeUp = new WakeUp();
    let woken = 0;
    const waiting = wakeUp.wait(20).then(() => (woken = performance.now()));
    const from = performance.now();
    wakeUp.notifyWithin(100);
    await jest.advanceTimersByTimeAsync(60);
    wakeUp.notifyWithin(100);
    expect(woken).toBe(0);
    await jest.advanceTimersByTimeAsync(40);
    await waiting;
    expect(woken - from).toBeCloseTo(100);
    wakeUp.notifyWithin(100);
    const urgent = wakeUp.wait(500);
    wakeUp.notify();
    await urgent;
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('visits lanes together, but refused ones alone, until they are sent', () => {
    const lanes = new LaneBackoff();
    expect(lanes.together([3, 1, 2])).toEqual([[3, 1, 2]]);
    lanes.refused(1);
    expect(lanes.together([3, 1, 2])).toEqual([[1], [3, 2]]);
    lanes.sent([1]);
    expect(lanes.together([1])).toEqual([[1]]);
    expect(lanes.together([])).toEqual([]);
  });

  it('is woken by a commit, also by one between two waits', async () => {
    jest.useFakeTimers();
    const wakeUp = new WakeUp();
    const waiting = wakeUp.wait(500);
    wakeUp.notify();
    await waiting;
    wakeUp.notify();
    await wakeUp.wait(500);
    const untilTimer = wakeUp.wait(500);
    await jest.advanceTimersByTimeAsync(500);
    await untilTimer;
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
});
