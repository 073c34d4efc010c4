import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { measured } from '@penguinmails/testing';
import type { Caller } from '../../src/index.js';
import {
  type GatheredCall,
  GatheredCalls,
  type GatheredOptions,
  RequestBudget,
  TierClient,
} from '../../src/tier-client/index.js';
import { PATIENT } from './tier-server.js';

interface Item {
  readonly caller: number;
  readonly request_id: string;
  readonly trace: object;
  readonly subject?: string;
  readonly body: { n: number };
}
interface Got {
  readonly path: string;
  readonly authorization: string;
  readonly callers: readonly string[];
  readonly items: readonly Item[];
}
type Answer = (got: Got, response: ServerResponse) => void;

const TOGETHER = '/internal/things:do_together';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const send = (response: ServerResponse, status: number, body: unknown): unknown =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const numbers = ({ items }: Got): number[] => items.map(({ body }) => body.n);
const echo: Answer = (got, response) =>
  send(response, 200, {
    answers: got.items.map(({ body }) => ({ status: 201, body: { n: body.n } })),
  });

/** A tier with one route for one call and one for several. */
async function open(answer: Answer = echo, options: Partial<GatheredOptions> = {}) {
  const got: Got[] = [];
  const alone: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    void text(request).then((body) => {
      const { url = '', headers } = request;
      if (url !== TOGETHER) {
        alone.push(`${request.method} ${url}`);
        return send(response, 201, JSON.parse(body));
      }
      const authorization = String(headers.authorization);
      const batch = {
        path: url,
        authorization,
        ...(JSON.parse(body) as Omit<Got, 'path' | 'authorization'>),
      };
      got.push(batch);
      answer(batch, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new TierClient({
    tier: 'content',
    baseUrl: `http://127.0.0.1:${port}`,
    signToken: async (on) => `token of ${on?.tenantId ?? 'the service'}`,
    deadlines: PATIENT,
  });
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
    () => client.close(),
  );
  const calls = new GatheredCalls(client, { path: TOGETHER, most: 64, ...options });
  return { calls, got, alone };
}

const callerOf = (tenant: string): Caller => ({
  service: 'gateway',
  tenantId: tenant,
  actor: { kind: 'api_key', id: `key of ${tenant}` },
  mode: 'live',
  scopes: [],
  requestId: `request of ${tenant}`,
});
const callOf = (n: number, tenant = 'a', change: Partial<GatheredCall> = {}): GatheredCall => ({
  method: 'PUT',
  path: `/internal/things/${n}`,
  json: JSON.stringify({ n }),
  subject: String(n),
  caller: callerOf(tenant),
  budget: new RequestBudget(120_000),
  ...change,
});
const range = (count: number): number[] => [...Array(count).keys()];
const outcomeOf = (work: Promise<{ body: unknown }>): Promise<unknown> =>
  work.then(
    ({ body }) => body,
    (error: { status: number; code: string }) => [error.status, error.code],
  );

describe('calls that are gathered', () => {
  it('one by itself is the request that it always was', async () => {
    const { calls, got, alone } = await open();
    const answer = await calls.request(callOf(7));
    expect(answer).toMatchObject({ status: 201, body: { n: 7 } });
    expect([alone, got]).toEqual([['PUT /internal/things/7'], []]);
  });

  it('those at the same time are one request, and each has its own answer', async () => {
    const { calls, got } = await open();
    const work = range(40).map((n) => calls.request(callOf(n, n % 2 ? 'b' : 'a')));
    const answers = await Promise.all(work);
    expect(answers.map(({ status, body }) => [status, body])).toEqual(
      range(40).map((n) => [201, { n }]),
    );
    expect(got).toHaveLength(1);
    const [{ authorization, callers, items }] = got;
    expect(authorization).toBe('Bearer token of the service');
    for (const { caller, request_id, subject, body } of items) {
      const tenant = body.n % 2 ? 'b' : 'a';
      expect(callers[caller]).toBe(`token of ${tenant}`);
      expect([request_id, subject]).toEqual([`request of ${tenant}`, String(body.n)]);
    }
    expect(callers).toHaveLength(2);
  });

  it('what comes while three are under way waits and travels together', async () => {
    const answered: (() => void)[] = [];
    const { calls, got } = await open(
      (batch, response) => void answered.push(() => echo(batch, response)),
      { most: 2 },
    );
    const work = range(20).map((n) => calls.request(callOf(n)));
    await until(() => got.length === 3);
    expect(got.map((batch) => batch.items.length)).toEqual([2, 2, 2]);
    while (answered.length > 0 || got.length < 10) {
      answered.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(work);
    // Three connections: the order within each request is ours, that of arrival is not.
    for (const [first, second] of got.map(numbers)) expect(second).toBe(first + 1);
    expect(got.flatMap(numbers).sort((a, b) => a - b)).toEqual(range(20));
  });

  it('tenants take turns', async () => {
    const { calls, got } = await open(echo, { most: 4 });
    const work = [...range(100).map((n) => callOf(n, 'a')), callOf(100, 'b'), callOf(101, 'c')];
    await Promise.all(work.map((call) => calls.request(call)));
    expect(numbers(got[0])).toEqual([0, 100, 101, 1]);
  });

  it('a problem is that of its call alone, as one call would have met it', async () => {
    const problem = (status: number, code: string) => ({ status, body: { code, status } });
    const { calls } = await open((got, response) =>
      send(response, 200, {
        answers: [
          problem(422, 'bad'),
          { ...problem(429, 'busy'), retry_after: 7 },
          problem(401, 'invalid_service_token'),
          problem(500, 'internal_error'),
          problem(502, 'content_corrupted'),
          { status: 200, body: null },
        ].slice(0, got.items.length),
      }),
    );
    const work = range(6).map((n) => calls.request(callOf(n)));
    const busy = await work[1].catch((error: unknown) => error);
    expect(busy).toMatchObject({ status: 429, code: 'busy', retryAfter: 7 });
    expect(await Promise.all(work.map(outcomeOf))).toEqual([
      [422, 'bad'],
      [429, 'busy'],
      [503, 'tier_unavailable'],
      [503, 'tier_unavailable'],
      [502, 'content_corrupted'],
      null,
    ]);
  });

  it('an answer that is not one for each is no answer for any', async () => {
    const { calls } = await open((_got, response) => send(response, 200, { answers: [] }));
    const work = range(3).map((n) => outcomeOf(calls.request(callOf(n))));
    expect(await Promise.all(work)).toEqual(Array(3).fill([503, 'tier_unavailable']));
  });

  it('a call that is out of time is told so; the others go on', async () => {
    let answer = (): void => undefined;
    const { calls, got } = await open((batch, response) => {
      answer = () => echo(batch, response);
    });
    const short = calls.request(callOf(0, 'a', { budget: new RequestBudget(150) }));
    const long = calls.request(callOf(1, 'a', { budget: new RequestBudget(120_000) }));
    const { result, activeMs } = await measured(() => outcomeOf(short));
    expect(result).toEqual([503, 'tier_unavailable']);
    expect(activeMs).toBeLessThan(1500);
    await until(() => got.length === 1);
    answer();
    expect(await outcomeOf(long)).toEqual({ n: 1 });
  });

  it('a late failure of a call that was given up ends nothing', async () => {
    const { calls } = await open((_batch, response) => {
      setTimeout(() => response.destroy(), 400);
    });
    const early = range(2).map((n) =>
      outcomeOf(calls.request(callOf(n, 'a', { budget: new RequestBudget(100) }))),
    );
    const late = outcomeOf(calls.request(callOf(2)));
    expect(await Promise.all([...early, late])).toEqual(Array(3).fill([503, 'tier_unavailable']));
  });

  it('a lost connection is tried again only where every call may be', async () => {
    for (const [idempotent, requests] of [
      [true, 2],
      [false, 1],
    ] as const) {
      const { calls, got } = await open(
        (batch, response) => {
          if (got.length === 1) response.destroy();
          else echo(batch, response);
        },
        { idempotent },
      );
      await Promise.all(range(3).map((n) => outcomeOf(calls.request(callOf(n)))));
      expect([idempotent, got.length]).toEqual([idempotent, requests]);
    }
  });

  it('large calls go by themselves, and so does every call where one is the most', async () => {
    const { calls, got, alone } = await open();
    const large = JSON.stringify({ n: 1, text: 'x'.repeat(40_000) });
    await Promise.all(range(3).map((n) => calls.request(callOf(n, 'a', { json: large }))));
    expect([alone.length, got.length]).toEqual([3, 0]);
    const single = await open(echo, { most: 1 });
    await Promise.all(range(3).map((n) => single.calls.request(callOf(n))));
    expect([single.alone.length, single.got.length]).toEqual([3, 0]);
  });

  it('one tenant cannot queue without end, and others are not refused for it', async () => {
    const { calls } = await open((batch, response) => setTimeout(() => echo(batch, response), 50));
    const work = range(1300).map((n) => outcomeOf(calls.request(callOf(n, 'a'))));
    const other = outcomeOf(calls.request(callOf(1, 'b')));
    const outcomes = await Promise.all(work);
    const refused = outcomes.filter((outcome) => Array.isArray(outcome));
    expect(refused).toEqual(Array(300).fill([429, 'tenant_busy']));
    expect(await other).toEqual({ n: 1 });
  });
});

/** Until it holds: by asking, since nothing signals it. */
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 90_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error('did not come about within 90 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
