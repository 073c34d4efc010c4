import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { isInfrastructure } from '@penguinmails/database';
import type { RecordSlice } from '@penguinmails/kafka';
import type { TestEvent } from '@penguinmails/testing';
import type { HandlerLogin } from '../../src/handles-event.js';
import type { HandlerRegistry } from '../../src/handler-registry.js';
import {
  ACCEPTED,
  accepted,
  Fixture,
  type Handle,
  recordEffects,
  registryOf,
  sliceOf,
  WITHDRAWN,
  withdrawn,
} from './outbox-fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.create();
});
afterAll(() => fixture.drop());
beforeEach(() => fixture.clear());

const run = (slice: RecordSlice, registry: HandlerRegistry) => fixture.runner(registry).run(slice);
const effectsBy = (login: HandlerLogin) => registryOf(login, { [WITHDRAWN]: recordEffects });
const subjects = (events: readonly TestEvent[]) => events.map(({ subject }) => subject);

const POSITION = 'SELECT next_offset::int AS next, parked FROM consumer_position';
const position = async () => (await fixture.rows(POSITION))[0];

describe.each<HandlerLogin>(['app', 'system'])('a slice on the %s login', (login) => {
  it('has each effect once, for events of several tenants, and stores the position', async () => {
    const [a, b] = [newId(), newId()];
    const events = [withdrawn(a), withdrawn(b), withdrawn(a), withdrawn(b)];
    await run(sliceOf(events, 10), effectsBy(login));
    expect((await fixture.effects()).sort()).toEqual(subjects(events).sort());
    expect(await position()).toEqual({ next: 14, parked: 0 });
    const rows = await fixture.rows<{ tenant_id: string; key: string }>('SELECT * FROM effects');
    for (const { tenantId, subject } of events) {
      expect(rows.find(({ key }) => key === subject)?.tenant_id).toBe(tenantId);
    }
  });

  it('ignores what it has seen: same records, same ids at new offsets, twice in one slice', async () => {
    const event = { ...withdrawn(newId()), id: newId() };
    await run(sliceOf([event, event]), effectsBy(login));
    await run(sliceOf([event, event]), effectsBy(login));
    await run(sliceOf([event], 2), effectsBy(login));
    expect(await fixture.effects()).toEqual([event.subject]);
    expect(await position()).toEqual({ next: 3, parked: 0 });
  });

  it('would repeat the effect without the inbox (mutant)', async () => {
    const event = { ...withdrawn(newId()), id: newId() };
    await run(sliceOf([event]), effectsBy(login));
    await fixture.admin.query('DELETE FROM inbox');
    await run(sliceOf([event], 1), effectsBy(login));
    expect(await fixture.effects()).toHaveLength(2);
  });

  it('lets what a handler wrote commit with the slice, as part of its cause', async () => {
    const tenantId = newId();
    const cause = { ...withdrawn(tenantId), id: newId(), correlationId: 'request-7' };
    const registry = registryOf(login, {
      [WITHDRAWN]: (events, tx) =>
        fixture.writer.write(
          tx,
          events.map(({ id }) => ({ ...withdrawn(tenantId), causationId: id })),
        ),
    });
    await run(sliceOf([cause]), registry);
    const [{ headers }] = await fixture.rows('SELECT headers FROM outbox');
    expect(headers).toMatchObject({ ce_causationid: cause.id, ce_correlationid: 'request-7' });
  });

  it('rejects without a trace when the database goes away, so that the slice comes again', async () => {
    const event = withdrawn(newId());
    let cut = true;
    const registry = registryOf(login, {
      [WITHDRAWN]: async (events, tx) => {
        await recordEffects(events, tx);
        const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        if (cut) await fixture.admin.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
        await tx.query('SELECT 1');
      },
    });
    const failure = await run(sliceOf([event]), registry).catch((error: unknown) => error);
    expect(isInfrastructure(failure)).toBe(true);
    expect(await fixture.effects()).toEqual([]);
    expect(await fixture.rows('SELECT FROM parked_event')).toEqual([]);
    cut = false;
    await run(sliceOf([event]), registry);
    expect(await fixture.effects()).toEqual([event.subject]);
  });

  it.each(['40001', '40P01'])('runs the slice again after SQLSTATE %s', async (state) => {
    const event = withdrawn(newId());
    let failures = 2;
    const registry = registryOf(login, {
      [WITHDRAWN]: async (events, tx) => {
        await recordEffects(events, tx);
        const raise = `DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '${state}'; END $$`;
        if (failures-- > 0) await tx.query(raise);
      },
    });
    await run(sliceOf([event]), registry);
    expect(await fixture.effects()).toEqual([event.subject]);
    expect(await fixture.rows('SELECT FROM parked_event')).toEqual([]);
  });
});

describe('tenants of one slice on the app login', () => {
  const each = Array.from({ length: 120 }, () => ({ ...withdrawn(newId()), id: newId() }));

  it('are handled together, each under its own tenant, effects once', async () => {
    await run(sliceOf(each), effectsBy('app'));
    await run(sliceOf(each, 120), effectsBy('app'));
    const rows = await fixture.rows<{ tenant_id: string; key: string }>('SELECT * FROM effects');
    const expected = each.map(({ tenantId, subject }) => [subject, tenantId]).sort();
    expect(rows.map(({ key, tenant_id }) => [key, tenant_id]).sort()).toEqual(expected);
  });

  it('do not suffer from one whose handler fails in SQL: only its event is parked', async () => {
    const bad = each[60];
    const registry = registryOf('app', {
      [WITHDRAWN]: async (events, tx) => {
        if (events[0].tenantId === bad.tenantId) await tx.query('SELECT 1 / 0');
        await recordEffects(events, tx);
      },
    });
    await run(sliceOf(each), registry);
    expect(await fixture.effects()).toHaveLength(119);
    const parked = await fixture.rows('SELECT tenant_id::text, last_error FROM parked_event');
    expect(parked).toHaveLength(1);
    expect(parked[0]).toMatchObject({ tenant_id: bad.tenantId });
  });

  it('are tried again together when one of them meets a collision', async () => {
    let failures = 2;
    const registry = registryOf('app', {
      [WITHDRAWN]: async (events, tx) => {
        if (events[0].tenantId === each[60].tenantId && failures-- > 0)
          await tx.query(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$`);
        await recordEffects(events, tx);
      },
    });
    await run(sliceOf(each), registry);
    expect(await fixture.effects()).toHaveLength(120);
    expect(await fixture.rows('SELECT FROM parked_event')).toEqual([]);
  });
});

describe('fencing', () => {
  it('lets one of two consumers of the same records work, the other finds them done', async () => {
    const events = Array.from({ length: 20 }, () => ({ ...withdrawn(newId()), id: newId() }));
    let handled = 0;
    const registry = registryOf('system', {
      [WITHDRAWN]: async (received, tx) => {
        handled += received.length;
        await recordEffects(received, tx);
      },
    });
    await Promise.all([run(sliceOf(events), registry), run(sliceOf(events), registry)]);
    expect(handled).toBe(20);
    expect(await fixture.effects()).toHaveLength(20);
  });

  it('stops a zombie: its old fetch lies behind the position', async () => {
    const events = Array.from({ length: 6 }, () => ({ ...withdrawn(newId()), id: newId() }));
    await run(sliceOf(events), effectsBy('system'));
    let asked = 0;
    const stale = sliceOf(events.slice(0, 2));
    const zombie = { ...stale, currentHighWatermark: async () => (asked++, 6n) };
    await run(zombie, effectsBy('system'));
    expect(asked).toBe(1);
    expect(await fixture.effects()).toHaveLength(6);
    expect(await position()).toMatchObject({ next: 6 });
  });

  it('starts anew when the topic was made anew and is shorter than the position', async () => {
    await run(sliceOf([withdrawn(newId())], 1000), effectsBy('system'));
    const event = withdrawn(newId());
    await run(sliceOf([event]), effectsBy('system'));
    expect(await fixture.effects()).toHaveLength(2);
    expect(await position()).toMatchObject({ next: 1 });
  });
});

describe('order and tenants', () => {
  it('hands events of one key over in order, by runs of one type', async () => {
    const tenantId = newId();
    const emailId = newId();
    const first = accepted(tenantId, emailId);
    const seen: string[] = [];
    const note: Handle = async (events) => void seen.push(...events.map(({ type }) => type));
    const registry = registryOf('app', { [ACCEPTED]: note, [WITHDRAWN]: note });
    await run(sliceOf([first, withdrawn(tenantId, emailId)]), registry);
    expect(seen).toEqual([ACCEPTED, WITHDRAWN]);
  });

  it('never shows a handler of the app login another tenant, also after a failure', async () => {
    const tenants = [newId(), newId(), newId()];
    const poison = withdrawn(tenants[1]);
    const events = tenants.flatMap((tenant) => [withdrawn(tenant), withdrawn(tenant)]);
    events.splice(3, 0, poison);
    const wrong: string[] = [];
    const registry = registryOf('app', {
      [WITHDRAWN]: async (received, tx) => {
        const [tenant] = received.map(({ tenantId }) => tenantId);
        await recordEffects(received, tx);
        const { rows } = await tx.query<{ set: string; visible: string[] }>(
          `SELECT current_setting('app.current_tenant_id') AS set,
             array(SELECT DISTINCT tenant_id::text FROM effects) AS visible`,
        );
        if (rows[0].set !== tenant || rows[0].visible.join() !== tenant) wrong.push(tenant);
        if (received.some(({ tenantId }) => tenantId !== tenant)) wrong.push(tenant);
        if (received.some(({ subject }) => subject === poison.subject)) throw new Error('poison');
      },
    });
    await run(sliceOf(events), registry);
    expect(wrong).toEqual([]);
    expect(await fixture.effects()).toHaveLength(6);
    const foreign = registryOf('app', {
      [WITHDRAWN]: async (_, tx) => {
        await tx.query('INSERT INTO effects (tenant_id) VALUES ($1)', [newId()]);
      },
    });
    await run(sliceOf([withdrawn(tenants[0])], events.length), foreign);
    const last = 'SELECT last_error FROM parked_event ORDER BY record_offset DESC LIMIT 1';
    expect((await fixture.rows(last))[0].last_error).toBe('sqlstate_42501');
  });
});
