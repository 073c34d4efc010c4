import { Secret } from '@penguinmails/config';
import { describe, expect, it } from '@jest/globals';
import { Problem } from '../problem/index.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { listEnvelope, pageSize } from './list-envelope.js';

const SECRET = new Secret('cursor secret');
const A = { tenantId: '0190b5a0-0000-7000-8000-00000000000a', resource: 'emails' };
const B = { ...A, tenantId: '0190b5a0-0000-7000-8000-00000000000b' };
const position = {
  createdAt: '2026-11-22T19:42:55.123456Z',
  id: '0190b5a0-0000-7000-8000-000000000001',
};
const cursor = encodeCursor(SECRET, { ...A, ...position });

describe('cursors', () => {
  it('bring back the position with all its digits', () => {
    expect(decodeCursor(SECRET, cursor, A)).toEqual(position);
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it.each([
    ['another tenant', () => decodeCursor(SECRET, cursor, B)],
    ['another list', () => decodeCursor(SECRET, cursor, { ...A, resource: 'notifications' })],
    ['another secret', () => decodeCursor('other', cursor, A)],
    [
      'a changed byte',
      () =>
        decodeCursor(
          SECRET,
          cursor.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
          A,
        ),
    ],
    ['a cut cursor', () => decodeCursor(SECRET, cursor.slice(0, 20), A)],
    ['nothing', () => decodeCursor(SECRET, '', A)],
    ['nonsense', () => decodeCursor(SECRET, "' OR 1=1 --", A)],
    ['a long text', () => decodeCursor(SECRET, 'A'.repeat(100_000), A)],
  ])('made for %s are 400 invalid_cursor', (_name, decode) => {
    expect(decode).toThrow(expect.objectContaining({ status: 400, code: 'invalid_cursor' }));
    expect(decode).toThrow(Problem);
  });
});

describe('lists', () => {
  it('say whether there is more', () => {
    const last = { object: 'list', data: [1], has_more: false, next_cursor: null, url: '/v1/x' };
    expect(listEnvelope('/v1/x', [1], null)).toEqual(last);
    expect(listEnvelope('/v1/x', [1], 'c')).toMatchObject({ has_more: true, next_cursor: 'c' });
  });

  it('are of 25 when nothing is asked and of 100 at most', () => {
    expect([undefined, 1, 100, 1e9].map(pageSize)).toEqual([25, 1, 100, 100]);
  });
});
