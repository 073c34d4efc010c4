import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { createLogger } from '@penguinmails/observability';
import { conflict, Problem, tierDown } from '../problem/index.js';
import { type ServiceTokenClaims, signServiceToken } from '../token/service-token.js';
import { GatheredDesk, type Outcome, type ProvenCall } from './gathered-desk.js';
import { settleEach } from './settle-each.js';

const pair = () =>
  generateKeyPairSync('ed25519', {
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  });
const [gateway, worker] = [pair(), pair()];
const publicKeys = {
  gateway: gateway.publicKey.toString('base64'),
  worker: worker.publicKey.toString('base64'),
};
const sign = (
  change: Partial<ServiceTokenClaims> = {},
  issuer: 'gateway' | 'worker' = 'gateway',
) => {
  const { privateKey } = issuer === 'gateway' ? gateway : worker;
  const key = { issuer, privateKey: privateKey.toString('base64') };
  const claims = {
    audience: 'oltp',
    tenantId: A,
    actor: ACTOR,
    mode: 'live',
    scopes: ['emails:send'],
  };
  return signServiceToken(key, { ...(claims as ServiceTokenClaims), ...change });
};
const ACTOR = { kind: 'api_key', id: newId() } as const;
const [A, B] = [newId(), newId()];
const SENDERS = { kind: 'tenant', scopes: ['emails:send'] } as const;

let logged: string[];
let desk: GatheredDesk;
beforeEach(() => {
  logged = [];
  const destination = { write: (line: string) => void logged.push(line) };
  const logger = createLogger('oltp', { destination } as Parameters<typeof createLogger>[1]);
  const mapError = (error: unknown) =>
    error instanceof RangeError ? tierDown('oltp', error) : undefined;
  desk = new GatheredDesk({ callers: { publicKeys, audience: 'oltp' }, logger, mapError });
});

const item = (caller: number, n: number, more: object = {}) => ({
  caller,
  request_id: `request-${n}`,
  trace: {},
  body: { n },
  ...more,
});
const seen: ProvenCall[] = [];
const accept = async (calls: readonly ProvenCall[]): Promise<Outcome[]> => {
  seen.splice(0, seen.length, ...calls);
  return calls.map(({ body }) => ({ status: 202, body }));
};
const statuses = ({ answers }: { answers: readonly { status: number }[] }) =>
  answers.map(({ status }) => status);

describe('calls that an edge has sent together', () => {
  it('run each under its own caller, answered in their order', async () => {
    const callers = [await sign(), await sign({ tenantId: B, mode: 'test' })];
    const items = [item(1, 0, { subject: 's' }), item(0, 1), item(1, 2)];
    const { answers } = await desk.answer({ callers, items }, SENDERS, accept);
    expect(answers).toEqual([0, 1, 2].map((n) => ({ status: 202, body: { n } })));
    expect(
      seen.map(({ caller, subject }) => [caller.tenantId, caller.mode, caller.requestId, subject]),
    ).toEqual([
      [B, 'test', 'request-0', 's'],
      [A, 'live', 'request-1', undefined],
      [B, 'test', 'request-2', undefined],
    ]);
  });

  it('only those whose own token allows it; the others are answered as if alone', async () => {
    const callers = [
      await sign(),
      'no token',
      await sign({ audience: 'content' }),
      await sign({}, 'worker'),
      await sign({ tenantId: undefined, actor: undefined }),
      await sign({ scopes: ['emails:read'] }),
    ];
    const items = callers.map((_token, at) => item(at, at));
    const answer = await desk.answer({ callers, items }, SENDERS, accept);
    expect(statuses(answer)).toEqual([202, 401, 401, 401, 403, 403]);
    expect(seen.map(({ body }) => body)).toEqual([{ n: 0 }]);
    expect(answer.answers[5].body).toMatchObject({
      code: 'scope_missing',
      request_id: 'request-5',
    });
  });

  it('a problem stays with its own call; what nobody expected says nothing about itself', async () => {
    const items = [0, 1, 2].map((n) => item(0, n));
    const { answers } = await desk.answer({ callers: [await sign()], items }, SENDERS, async () => [
      { status: 202, body: 'good' },
      { error: conflict('email_exists', 'There is one.') },
      { error: new Error('secret of the database') },
    ]);
    expect(answers.map(({ status }) => status)).toEqual([202, 409, 500]);
    expect(answers[1].body).toMatchObject({ code: 'email_exists', status: 409 });
    expect(JSON.stringify(answers)).not.toContain('secret');
    expect(logged.join('')).toContain('request-2');
  });

  it('all of them lost is a tier that is down', async () => {
    const items = [0, 1].map((n) => item(0, n));
    const lost = desk.answer({ callers: [await sign()], items }, SENDERS, async () => [
      { error: new RangeError('away') },
      { error: new RangeError('away') },
    ]);
    await expect(lost).rejects.toMatchObject({ status: 503, tier: 'oltp' });
    const half = await desk.answer({ callers: [await sign()], items }, SENDERS, async () => [
      { error: new RangeError('away') },
      { error: conflict('taken', 'Taken.') },
    ]);
    expect(statuses(half)).toEqual([503, 409]);
    expect(half.answers[0].retry_after).toBe(1);
  });

  it.each([
    ['nothing', undefined],
    ['no callers', { callers: [], items: [item(0, 0)] }],
    ['no items', { callers: ['a'], items: [] }],
    ['too many items', { callers: ['a'], items: Array(257).fill(item(0, 0)) }],
    ['a caller that is not there', { callers: ['a'], items: [item(1, 0)] }],
    ['a caller below zero', { callers: ['a'], items: [item(-1, 0)] }],
    ['a token that is no text', { callers: [1], items: [item(0, 0)] }],
    ['an item that is none', { callers: ['a'], items: [null] }],
    [
      'a trace that is none',
      { callers: ['a'], items: [item(0, 0, { trace: { traceparent: 1 } })] },
    ],
    ['a subject that is no text', { callers: ['a'], items: [item(0, 0, { subject: 1 })] }],
  ])('refuses a body with %s', async (_what, body) => {
    const work = desk.answer(body, SENDERS, accept);
    await expect(work).rejects.toMatchObject({ status: 422, code: 'validation_failed' });
  });
});

describe('settling each', () => {
  it('one that cannot be read is its own problem', async () => {
    const calls = [0, 1, 2].map((n) => ({ body: n }) as unknown as ProvenCall);
    const read = async ({ body }: ProvenCall): Promise<number> => {
      if (body === 1) throw new Problem(422, 'unreadable');
      return body as number;
    };
    const outcomes = await settleEach(calls, read, async (good) =>
      good.map((n) => ({ status: 200, body: n })),
    );
    expect(outcomes).toMatchObject([
      { status: 200, body: 0 },
      { error: { code: 'unreadable' } },
      { status: 200, body: 2 },
    ]);
  });
});
