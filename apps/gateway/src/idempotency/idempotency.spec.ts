import { describe, expect, it } from '@jest/globals';
import { conflict, internalError, tierDown } from '@penguinmails/http/problem';
import { BREAKER_OPEN } from '@penguinmails/http/tier-client';
import { leftNoTrace } from '../clients/left-no-trace.js';
import { fingerprintOf } from './fingerprint.js';

describe('fingerprintOf', () => {
  const of = (body: unknown) => fingerprintOf('POST', '/v1/emails', body);
  const body = { from: 'a', tags: [{ name: 'a', value: 'b' }], text: 'x' };

  it('is that of the request, not of its spelling', () => {
    expect(of({ text: 'x', tags: [{ value: 'b', name: 'a' }], from: 'a' })).toBe(of(body));
    expect(of({ ...body, html: null, reply_to: undefined })).toBe(of(body));
    expect(of(body)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('differs for everything else', () => {
    const others = [
      of(body),
      of({ ...body, from: 'b' }),
      of({ ...body, tags: [] }),
      of({ ...body, tags: [...body.tags, ...body.tags] }),
      of({ ...body, tags: [{ name: 'b', value: 'a' }] }),
      of({ ...body, html: '' }),
      of({ ...body, text: 1 }),
      of([]),
      of([[]]),
      of([[], []]),
      of(['a', 'b']),
      of(['a,"b"']),
      of({ a: { b: 1 } }),
      of({ a: {}, b: 1 }),
      fingerprintOf('PATCH', '/v1/emails', body),
      fingerprintOf('POST', '/v1/api-keys', body),
    ];
    expect(new Set(others).size).toBe(others.length);
  });
});

describe('leftNoTrace', () => {
  const caused = (code: string, depth = 0): Error => {
    const error = Object.assign(new Error(code), { code });
    return depth === 0 ? error : Object.assign(new Error('x', { cause: caused(code, depth - 1) }));
  };

  it('is certain of what oltp refused and of what never reached it', () => {
    expect(leftNoTrace(conflict('slug_taken', 'x'))).toBe(true);
    expect(leftNoTrace(tierDown('content', caused('ECONNRESET')))).toBe(true);
    expect(leftNoTrace(tierDown('oltp', caused(BREAKER_OPEN)))).toBe(true);
    expect(leftNoTrace(tierDown('oltp', caused('ECONNREFUSED', 1)))).toBe(true);
    expect(leftNoTrace(tierDown('oltp', caused('UND_ERR_CONNECT_TIMEOUT', 1)))).toBe(true);
  });

  it('is not certain of what may have reached it', () => {
    expect(leftNoTrace(tierDown('oltp'))).toBe(false);
    expect(leftNoTrace(tierDown('oltp', caused('TIER_TIMEOUT')))).toBe(false);
    expect(leftNoTrace(tierDown('oltp', caused('TIER_BUDGET')))).toBe(false);
    expect(leftNoTrace(tierDown('oltp', caused('UND_ERR_SOCKET', 1)))).toBe(false);
    expect(leftNoTrace(tierDown('oltp', caused('ECONNRESET', 1)))).toBe(false);
    expect(leftNoTrace(internalError())).toBe(false);
    expect(leftNoTrace(new Error('a mistake of ours'))).toBe(false);
  });
});
