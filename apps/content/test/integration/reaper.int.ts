import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { storageKeyBucket } from '@penguinmails/contracts';
import { callerOf, ContentParts, file, graces, input, key, tenant } from './content-parts.js';

interface Asked {
  keys: string[];
}

let parts: ContentParts;
beforeAll(async () => {
  parts = await ContentParts.open();
});
afterAll(() => parts.close());
beforeEach(async () => {
  parts.lagSeconds = 0;
  await parts.admin.query(
    'TRUNCATE content_objects, attachments, content_blobs, outbox, parked_event',
  );
});

/** As if so many seconds had passed for this content. */
async function age(storageKey: string, seconds: number): Promise<void> {
  await parts.admin.query(
    `UPDATE content_objects SET state_changed_at = state_changed_at - make_interval(secs => $2),
       references_asked_at = references_asked_at - make_interval(secs => $2),
       references_denied_at = references_denied_at - make_interval(secs => $2)
     WHERE storage_key = $1`,
    [storageKey, seconds],
  );
}

async function stateOf(storageKey: string): Promise<string | undefined> {
  const [row] = await parts.rows<{ state: string }>(
    'SELECT state FROM content_objects WHERE storage_key = $1',
    [storageKey],
  );
  return row?.state;
}

const asked = () => parts.outbox<Asked>('content.references_asked.v1');

/** A content that nobody claimed in time. */
async function forgotten(tenantId: string, storageKey = key()): Promise<string> {
  await parts.put(tenantId, storageKey, input({ attachments: [file(Buffer.from(storageKey))] }));
  await age(storageKey, graces.pending + 1);
  return storageKey;
}

/** A content that oltp has denied so many seconds ago. */
async function denied(tenantId: string, seconds: number): Promise<string> {
  const k = await forgotten(tenantId);
  await parts.reap();
  await parts.answer(tenantId, { held: [], denied: [k] });
  await age(k, seconds);
  return k;
}

describe('the reaper', () => {
  it('leaves alone what is young or attached', async () => {
    const [a, young, attached] = [tenant(), key(), key()];
    await parts.put(a, young, input());
    await age(young, graces.pending - 60);
    await parts.put(a, attached, input());
    await parts.attach([a, attached]);
    await age(attached, graces.pending * 100);
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 0 });
    expect([await stateOf(young), await stateOf(attached)]).toEqual(['pending', 'attached']);
    expect(await asked()).toEqual([]);
  });

  it('asks oltp about what waited too long, one tenant and bucket an event', async () => {
    const [a, b] = [tenant(), tenant()];
    const keys = { [a]: [] as string[], [b]: [] as string[] };
    for (let turn = 0; turn < 12; turn += 1) keys[a].push(await forgotten(a));
    keys[b].push(await forgotten(b));
    expect(await parts.reap()).toEqual({ asked: 13, deleted: 0 });
    const events = await asked();
    for (const event of events) {
      const buckets = new Set(event.data.keys.map(storageKeyBucket));
      expect(buckets.size).toBe(1);
      expect(event.key).toBe(`${event.tenantId}:${[...buckets][0]}`);
    }
    for (const tenantId of [a, b]) {
      const named = events.filter((event) => event.tenantId === tenantId);
      expect(named.flatMap(({ data }) => data.keys).sort()).toEqual(keys[tenantId].sort());
    }
    expect(await stateOf(keys[b][0])).toBe('condemned');
    expect((await parts.get(callerOf(b), keys[b][0])).body.text).toBe('hello');
  });

  it('asks again only after an hour without an answer, and never deletes without one', async () => {
    const a = tenant();
    const k = await forgotten(a);
    await parts.reap();
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 0 });
    await age(k, graces.askAgain + 1);
    expect(await parts.reap()).toEqual({ asked: 1, deleted: 0 });
    await age(k, graces.denied * 1000);
    expect(await parts.reap()).toEqual({ asked: 1, deleted: 0 });
    expect(await asked()).toHaveLength(3);
    expect(await stateOf(k)).toBe('condemned');
  });

  it('deletes what oltp denied, once the second grace has passed', async () => {
    const a = tenant();
    const k = await denied(a, graces.denied - 60);
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 0 });
    expect(await stateOf(k)).toBe('condemned');
    await age(k, 61);
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 1 });
    expect(await stateOf(k)).toBeUndefined();
    expect(await parts.rows('SELECT FROM content_blobs')).toEqual([]);
    expect(await parts.usage(a)).toEqual({ bytes: 0, objects: 0 });
  });

  it.each([
    [
      'claims may be unread for as long as the grace',
      () => void (parts.lagSeconds = graces.denied),
    ],
    ['nobody knows what is unread', () => void (parts.lagSeconds = undefined)],
    [
      'an event waits for its handler',
      () =>
        parts.admin.query(
          `INSERT INTO parked_event (id, tenant_id, consumer_group, topic, partition, record_offset,
             key, event_id, type, headers, next_attempt_at)
           VALUES (gen_random_uuid(), gen_random_uuid(), 'content', 't', 0, 0, 'k',
             gen_random_uuid(), 'x', '{}', now())`,
        ),
    ],
  ])('deletes nothing while %s', async (_, hinder) => {
    const a = tenant();
    const k = await denied(a, graces.denied + 1);
    await hinder();
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 0 });
    expect(await stateOf(k)).toBe('condemned');
  });

  it('asks about others while more wait for their deletion than one round takes', async () => {
    const a = tenant();
    await parts.admin.query(
      `INSERT INTO content_objects (tenant_id, storage_key, raw_size_bytes, content_hash,
         compressed_size_bytes, state, state_changed_at, references_asked_at, references_denied_at)
       SELECT $1, 'cnt_' || lpad(n::text, 22, '0'), 0, repeat('a', 64), 0, 'condemned',
         now() - interval '1 year', now() - interval '1 year', now() - interval '1 year'
       FROM generate_series(1, 600) n`,
      [a],
    );
    await forgotten(a);
    parts.lagSeconds = undefined;
    expect(await parts.reap()).toEqual({ asked: 1, deleted: 0 });
    parts.lagSeconds = 0;
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 500 });
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 100 });
  });

  it('does nothing while another replica leads', async () => {
    const k = await forgotten(tenant());
    const lock = `hashtextextended('penguinmails.content.reaper', 0)`;
    await parts.admin.query(`SELECT pg_advisory_lock(${lock})`);
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 0 });
    expect(await stateOf(k)).toBe('pending');
    await parts.admin.query(`SELECT pg_advisory_unlock(${lock})`);
    expect(await parts.reap()).toEqual({ asked: 1, deleted: 0 });
  });

  it('gives back what is claimed late, at any step', async () => {
    const a = tenant();
    const asked = await forgotten(a);
    const doomed = await denied(a, graces.denied + 1);
    await parts.attach([a, asked], [a, doomed]);
    expect([await stateOf(asked), await stateOf(doomed)]).toEqual(['attached', 'attached']);
    await age(doomed, graces.denied * 10);
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 0 });
    expect((await parts.get(callerOf(a), doomed)).body.text).toBe('hello');
  });

  it('spares what is claimed or put again after it was decided to delete it', async () => {
    const a = tenant();
    const [claimed, revived] = [await denied(a, 0), await denied(a, 0)];
    for (const k of [claimed, revived]) await age(k, graces.denied + 1);
    const again = input({ attachments: [file(Buffer.from(revived))] });
    const report = await parts.reap(async () => {
      await parts.attach([a, claimed]);
      await parts.put(a, revived, again);
    });
    expect(report).toEqual({ asked: 0, deleted: 0 });
    expect([await stateOf(claimed), await stateOf(revived)]).toEqual(['attached', 'pending']);
  });

  it('keeps what oltp holds, also when an older answer of the same slice denied it', async () => {
    const a = tenant();
    const k = await forgotten(a);
    await parts.reap();
    await parts.answer(a, { held: [k], denied: [] });
    expect(await stateOf(k)).toBe('attached');
    await parts.answer(a, { held: [], denied: [k] });
    await age(k, graces.denied * 10);
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 0 });
    expect(await stateOf(k)).toBe('attached');
  });

  it('counts the second grace from the first denial, and only what it condemned itself', async () => {
    const a = tenant();
    const pending = key();
    await parts.put(a, pending, input());
    await parts.answer(a, { held: [], denied: [pending] });
    expect(await stateOf(pending)).toBe('pending');
    const k = await denied(a, graces.denied + 1);
    await parts.answer(a, { held: [], denied: [k] });
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 1 });
  });

  it('starts anew with a content that is put again', async () => {
    const a = tenant();
    const k = await denied(a, graces.denied + 1);
    const again = input({ attachments: [file(Buffer.from(k))] });
    expect((await parts.put(a, k, again)).created).toBe(false);
    expect(await stateOf(k)).toBe('pending');
    expect(await parts.reap()).toEqual({ asked: 0, deleted: 0 });
  });

  it('rounds of two replicas at once ask once and delete once', async () => {
    const a = tenant();
    const gone = await denied(a, graces.denied + 1);
    const fresh = await forgotten(a);
    const reports = await Promise.all([parts.reap(), parts.reap(), parts.reap()]);
    expect(reports.reduce((sum, { asked: n }) => sum + n, 0)).toBe(1);
    expect(reports.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(1);
    expect([await stateOf(gone), await stateOf(fresh)]).toEqual([undefined, 'condemned']);
    expect(await parts.wrongCounts()).toEqual([]);
  });
});

describe('a claim', () => {
  it('has no effect on another tenant’s content of that key, and is an alarm', async () => {
    const [a, b] = [tenant(), tenant()];
    const k = await forgotten(a);
    await parts.reap();
    await parts.attach([b, k]);
    await parts.answer(b, { held: [], denied: [k] });
    const rows = await parts.rows('SELECT state, references_denied_at FROM content_objects');
    expect(rows).toEqual([{ state: 'condemned', references_denied_at: null }]);
    const alarms = await parts.outbox<Record<string, unknown>>('system.event_raised.v1');
    expect(
      alarms.map(({ tenantId, data }) => [tenantId, data.event_type, data.subject_id]),
    ).toEqual([[b, 'content_missing', k]]);
  });

  it('that comes twice changes nothing the second time', async () => {
    const [a, k] = [tenant(), key()];
    await parts.put(a, k, input());
    const version = () => parts.rows('SELECT row_version, owner_hint FROM content_objects');
    await parts.attach([a, k]);
    expect(await version()).toEqual([{ row_version: 2, owner_hint: 'email-1' }]);
    await parts.attach([a, k], [a, k]);
    await parts.answer(a, { held: [k], denied: [] });
    expect(await version()).toEqual([{ row_version: 2, owner_hint: 'email-1' }]);
    expect(await parts.outbox('system.event_raised.v1')).toEqual([]);
  });
});
