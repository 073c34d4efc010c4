import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Outcome } from '@penguinmails/http';
import { Problem } from '@penguinmails/http/problem';
import { toPutAnswer } from '../../src/content/content.answers.js';
import { callerOf, ContentParts, file, input, key, tenant } from './content-parts.js';

let parts: ContentParts;
beforeAll(async () => {
  parts = await ContentParts.open();
});
afterAll(() => parts.close());

const wordy = (size: number) => 'Penguins walk on ice. 🐧 '.repeat(size / 26 + 1).slice(0, size);
const said = (outcomes: readonly Outcome[]): unknown[] =>
  outcomes.map((outcome) => {
    if (!('error' in outcome)) return outcome.status;
    if (outcome.error instanceof Problem) return outcome.error.code;
    throw outcome.error;
  });
const transactionsOf = async (keys: readonly string[]): Promise<number> => {
  const [row] = await parts.rows<{ count: number }>(
    'SELECT count(DISTINCT xmin::text)::int AS count FROM content_objects WHERE storage_key = ANY($1)',
    [keys],
  );
  return row.count;
};

describe('storing contents together', () => {
  it('stores those of several tenants in one transaction, each as one by itself', async () => {
    const [a, b] = [tenant(), tenant()];
    const [one, two, three, alone] = [key(), key(), key(), key()];
    const small = input({
      text: 'día 🐧\r\n.\r\n',
      html: '',
      headers: { 'X-B': 'ü "\\', 'X-A': '' },
    });
    const middling = input({ text: wordy(5000), html: null });
    const outcomes = await parts.putTogether(
      [a, one, small],
      [b, two, middling],
      [a, three, middling],
    );
    expect(said(outcomes)).toEqual([201, 201, 201]);
    expect(await transactionsOf([one, two, three])).toBe(1);
    for (const [of, k, content] of [
      [a, one, small],
      [b, two, middling],
      [a, three, middling],
    ] as const) {
      const got = await parts.get(callerOf(of), k);
      expect(got.body).toEqual({ text: content.text, html: content.html });
      expect(got.row.headers).toEqual(content.headers);
      expect(got.row.state).toBe('pending');
    }
    const single = await parts.put(b, alone, middling);
    expect((outcomes[1] as { body: object }).body).toEqual(toPutAnswer(two, single));
    const rows = await parts.rows<{ row: object }>(
      `SELECT to_jsonb(o) - '{storage_key,created_at,updated_at,state_changed_at}'::text[] AS row
       FROM content_objects o WHERE storage_key = ANY($1)`,
      [[two, alone]],
    );
    expect(rows[0].row).toEqual(rows[1].row);
  });

  it('counts what they occupy for each tenant', async () => {
    const [a, b, c] = [tenant(), tenant(), tenant()];
    const content = input({ text: wordy(3000), html: null });
    await parts.putTogether([a, key(), content], [a, key(), content], [b, key(), content]);
    await parts.put(c, key(), content);
    const one = await parts.usage(c);
    expect(await parts.usage(b)).toEqual(one);
    expect(await parts.usage(a)).toEqual({ bytes: 2 * one.bytes, objects: 2 });
  });

  it('a bad one is refused by itself; files and shared bodies go the single way', async () => {
    const a = tenant();
    const keys = [key(), key(), key(), key()];
    const outcomes = await parts.putTogether(
      [a, keys[0], input({ text: 'good' })],
      [a, keys[1], input({ text: 'NUL \0' })],
      [a, keys[2], input({ attachments: [file(Buffer.from('bytes'))] })],
      [a, keys[3], input({ text: wordy(40_000) })],
    );
    expect(said(outcomes)).toEqual([201, 'validation_failed', 201, 201]);
    const got = await parts.get(callerOf(a), keys[2]);
    expect(got.files).toHaveLength(1);
    expect((await parts.get(callerOf(a), keys[3])).body.text).toBe(wordy(40_000));
    expect((await parts.usage(a)).objects).toBe(3);
  });

  it('a key that is taken is the same content or a conflict, and costs the others nothing', async () => {
    const [a, b] = [tenant(), tenant()];
    const taken = key();
    const content = input({ text: 'first' });
    await parts.put(a, taken, content);
    const before = await parts.usage(a);
    const outcomes = await parts.putTogether(
      [a, taken, content],
      [a, taken, input({ text: 'second' })],
      [b, taken, input({ text: 'of another' })],
      [b, key(), content],
    );
    expect(said(outcomes)).toEqual([200, 'content_key_conflict', 201, 201]);
    expect(await parts.usage(a)).toEqual(before);
    expect((await parts.get(callerOf(b), taken)).body.text).toBe('of another');
  });

  it('one key twice is stored once: the second finds the first, be it the same or a conflict', async () => {
    const [a, b] = [tenant(), tenant()];
    const [same, other] = [key(), key()];
    const content = input({ text: 'first' });
    const outcomes = await parts.putTogether(
      [a, same, content],
      [a, other, content],
      [a, same, content],
      [b, same, content],
      [a, other, input({ text: 'second' })],
    );
    expect(said(outcomes)).toEqual([201, 201, 200, 201, 'content_key_conflict']);
    expect((await parts.usage(a)).objects).toBe(2);
    expect((await parts.usage(b)).objects).toBe(1);
    expect((await parts.get(callerOf(a), other)).body.text).toBe('first');
  });

  it('those of 64 tenants are each its own, in whatever order they come', async () => {
    const calls = Array.from(
      { length: 64 },
      (_, at): [string, string, ReturnType<typeof input>] => [
        tenant(),
        key(),
        input({ text: `for ${at}` }),
      ],
    );
    const outcomes = await parts.putTogether(...calls);
    expect(new Set(said(outcomes))).toEqual(new Set([201]));
    const rows = await parts.rows<{ owner: string; k: string; text: string; objects: number }>(
      `SELECT o.tenant_id AS owner, o.storage_key AS k, o.content_text AS text,
         (SELECT sum(object_count)::int FROM tenant_usage u WHERE u.tenant_id = o.tenant_id) AS objects
       FROM content_objects o WHERE storage_key = ANY($1)`,
      [calls.map(([, k]) => k)],
    );
    const expected = calls.map(([owner, k, { text }]) => ({ owner, k, text, objects: 1 }));
    const byKey = (one: { k: string }, two: { k: string }) => (one.k < two.k ? -1 : 1);
    expect(rows.sort(byKey)).toEqual(expected.sort(byKey));
  });
});
