import { createServer as createTcpServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import {
  RequestBudget,
  seedDeadlines,
  TierClient,
  type TierRequest,
} from '../../src/tier-client/index.js';
import {
  caller,
  GET,
  POST,
  DOWN,
  closers,
  listen,
  serve,
  json,
  clientOf,
  timed,
} from './tier-server.js';

/** For what is about deadlines. */
const SEED = { deadlines: seedDeadlines };

describe('a call', () => {
  it('carries token, request id, query and body, and brings back status, headers and JSON', async () => {
    const { port } = await serve(async (request, response) => {
      const { authorization, 'x-request-id': id, 'content-type': type } = request.headers;
      const { method, url } = request;
      json(response, 201, { method, url, authorization, id, type, body: await text(request) });
    });
    const request = {
      method: 'POST',
      path: '/internal/emails',
      query: { limit: 5, after: null, q: 'a&b', unread: true, none: undefined },
      body: { a: 'é' },
      caller,
    } as const;
    const answer = await clientOf(port).request(request);
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.body).toEqual({
      method: 'POST',
      url: '/internal/emails?limit=5&q=a%26b&unread=true',
      authorization: `Bearer token of ${caller.tenantId}`,
      id: 'request-1',
      type: 'application/json',
      body: '{"a":"é"}',
    });
  });

  it('may be answered with nothing, bytes or a file', async () => {
    const { port } = await serve((request, response) => {
      if (request.method === 'DELETE') response.writeHead(204).end();
      else response.writeHead(200, { 'content-type': 'image/png', etag: '"a"' }).end('bytes');
    });
    const client = clientOf(port);
    expect(await client.request({ ...GET, method: 'DELETE' })).toMatchObject({ status: 204 });
    const bytes = await client.requestBytes(GET);
    expect([bytes.body.toString(), bytes.headers.etag]).toEqual(['bytes', '"a"']);
    expect((await client.requestFile(GET)).body.toString()).toBe('bytes');
    await expect(client.request(GET)).rejects.toMatchObject(DOWN);
  });

  it('sends large bodies and streams of unknown length', async () => {
    const { port } = await serve(async (request, response) => {
      json(response, 200, { length: (await text(request)).length });
    });
    const client = clientOf(port);
    const large = Buffer.alloc(5_000_000, 'x');
    const put = { method: 'PUT', path: '/internal/x' } as const;
    expect((await client.request({ ...put, body: large })).body).toEqual({ length: 5_000_000 });
    const stream = Readable.from([Buffer.alloc(70_000, 'x'), Buffer.alloc(3, 'y')]);
    expect((await client.request({ ...put, body: stream })).body).toEqual({ length: 70_003 });
  });
});

describe('a refusal', () => {
  it('is thrown on as the tier said it and never opens the breaker', async () => {
    const problem = {
      code: 'sender_not_allowed',
      title: 'Unprocessable Entity',
      status: 422,
      detail: 'No such mailbox.',
      errors: [{ pointer: '/from', code: 'sender_not_allowed', detail: 'x' }],
      request_id: 'of the tier',
    };
    const { port } = await serve((_request, response) =>
      json(response, 422, problem, 'application/problem+json'),
    );
    const client = clientOf(port);
    for (let call = 0; call < 30; call += 1)
      await expect(client.request(POST)).rejects.toMatchObject({
        status: 422,
        code: 'sender_not_allowed',
        errors: problem.errors,
      });
    expect(client.isOpen).toBe(false);
  });

  it('keeps how long to wait', async () => {
    const { port } = await serve((_request, response) => {
      response.setHeader('retry-after', '120');
      json(response, 429, { code: 'plan_limit_reached' }, 'application/problem+json');
    });
    const refusal = { status: 429, code: 'plan_limit_reached', retryAfter: 120 };
    await expect(clientOf(port).request(POST)).rejects.toMatchObject(refusal);
  });

  it.each([
    ['that explains it', true, 2, 200],
    ['that does not', false, 1, 503],
  ])(
    'asks once more after a refused token with a time %s',
    async (_what, explains, asked, status) => {
      const tokens: unknown[] = [];
      const dates: unknown[] = [];
      let token = 'old';
      const { port } = await serve((request, response) => {
        tokens.push(request.headers.authorization);
        const isGood = request.headers.authorization === 'Bearer new';
        json(
          response,
          isGood ? 200 : 401,
          isGood ? {} : { status: 401, code: 'invalid_service_token' },
        );
      });
      const client = clientOf(port, {
        signToken: async () => token,
        onRefusedToken: (date) => {
          dates.push(date);
          if (explains) token = 'new';
          return explains;
        },
      });
      const { result } = await timed(() => client.request(POST));
      expect(result).toMatchObject({ status });
      expect(tokens).toEqual(['Bearer old', 'Bearer new'].slice(0, asked));
      expect(dates.map((date) => Number.isNaN(Date.parse(String(date))))).toEqual([false]);
    },
  );

  it.each([
    [
      '502 about one object',
      502,
      { code: 'content_corrupted' },
      { status: 502, code: 'content_corrupted' },
    ],
    ['401, which is about our token', 401, { code: 'invalid_service_token' }, DOWN],
    ['500', 500, { code: 'internal_error' }, DOWN],
    ['503', 503, { code: 'tier_unavailable', tier: 'content' }, DOWN],
    ['404 of something else', 404, 'nope', DOWN],
  ])('of %s', async (_name, status, body, expected) => {
    const { port } = await serve((_request, response) =>
      json(response, status, body, 'application/problem+json'),
    );
    await expect(clientOf(port).request(POST)).rejects.toMatchObject(expected);
  });
});

describe('a dead tier', () => {
  const silent: [string, () => Promise<number>][] = [
    ['takes the request and says nothing', async () => (await serve(() => undefined)).port],
    [
      'accepts and never reads',
      async () => {
        const sockets: Socket[] = [];
        const server = createTcpServer({ pauseOnConnect: true }, (socket) => sockets.push(socket));
        closers.push(() => {
          sockets.forEach((socket) => socket.destroy());
          server.close();
        });
        return listen(server);
      },
    ],
    [
      'sends headers and half a body',
      async () =>
        (
          await serve((_request, response) => {
            response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
            response.write('{"a":');
          })
        ).port,
    ],
  ];
  it('that is silent in any way costs a read 1 s and a write 2.5 s', async () => {
    const check = async ([way, start]: (typeof silent)[number]): Promise<void> => {
      const port = await start();
      const [read, write] = await Promise.all([
        timed(() => clientOf(port, SEED).request(GET)),
        timed(() => clientOf(port, SEED).request(POST)),
      ]);
      expect([way, read.result]).toMatchObject([way, DOWN]);
      expect([way, write.result]).toMatchObject([way, DOWN]);
      expect(read.ms).toBeGreaterThan(950);
      expect(read.activeMs).toBeLessThan(1400);
      expect(write.ms).toBeGreaterThan(2450);
      expect(write.activeMs).toBeLessThan(2900);
    };
    await Promise.all(silent.map(check));
  });

  it('that never lets a connection through costs no more', async () => {
    // 192.0.2.0/24 is TEST-NET-1 (RFC 5737): nothing answers there, or the system refuses at once.
    const client = clientOf(0, { baseUrl: 'http://192.0.2.1:81', ...SEED });
    const { result, activeMs } = await timed(() => client.request(GET));
    expect(result).toMatchObject(DOWN);
    expect(activeMs).toBeLessThan(1400);
  });

  it('ends a public request within what is left of its 3 s', async () => {
    const { port } = await serve(() => undefined);
    const client = clientOf(port);
    const budget = new RequestBudget(300);
    const first = await timed(() => client.request({ ...POST, budget }));
    expect(first.result).toMatchObject(DOWN);
    expect(first.activeMs).toBeLessThan(600);
    const second = await timed(() => client.request({ ...POST, budget }));
    expect(second.result).toMatchObject(DOWN);
    expect(second.activeMs).toBeLessThan(200);
    for (let call = 0; call < 10; call += 1)
      await client.request({ ...POST, budget }).catch(() => undefined);
    expect(client.isOpen).toBe(false);
  });

  it('that stops reading an upload is given up after 2.5 s, a slow one is not', async () => {
    const large = Buffer.alloc(24 * 1024 * 1024, 'x');
    const stuck = await serve((request) => void request.once('data', () => request.pause()));
    const slow = await serve((request, response) => {
      let length = 0;
      request.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length % (8 * 1024 * 1024) < chunk.length) {
          request.pause();
          setTimeout(() => request.resume(), 1200);
        }
      });
      request.on('end', () => json(response, 200, { length }));
    });
    const upload: TierRequest = { method: 'PUT', path: '/internal/x', body: large };
    const lost = timed(() => clientOf(stuck.port, SEED).request(upload));
    // Who stands still for 2.5 s itself is given up once, but not each time.
    await eventually(async () => {
      const whole = { ...upload, budget: new RequestBudget() };
      const done = await timed(() => clientOf(slow.port, SEED).request(whole));
      expect(done.result).toMatchObject({ body: { length: large.length } });
      expect(done.ms).toBeGreaterThan(3300);
    });
    const { result, ms, activeMs } = await lost;
    expect(result).toMatchObject(DOWN);
    expect(ms).toBeGreaterThan(2400);
    expect(activeMs).toBeLessThan(4000);
  });
});

describe('a file', () => {
  const deadlines = { read: 400, progress: 800, download: 3000 };
  /** Sends the headers and a first chunk, then one every so often, or no more. */
  const drip = async (everyMs: number | undefined): Promise<TierClient> => {
    const { port } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 6 }).write('1');
      if (everyMs === undefined) return;
      for (const n of [1, 2, 3, 4, 5]) setTimeout(() => response.write('1'), n * everyMs);
    });
    return clientOf(port, { deadlines });
  };

  it('may take longer than the call as long as it moves', async () => {
    await eventually(async () => {
      const { result, ms } = await timed(async () => (await drip(150)).requestFile(GET));
      expect(result).toMatchObject({ body: Buffer.from('111111') });
      expect(ms).toBeGreaterThan(deadlines.read);
    });
  });

  it('that stands still, or never begins, is the tier’s failure in time', async () => {
    const client = await drip(undefined);
    const { result, activeMs } = await timed(() => client.requestFile(GET));
    expect(result).toMatchObject(DOWN);
    expect(activeMs).toBeLessThan(1600);
    for (let call = 0; call < 2; call += 1) await client.requestFile(GET).catch(() => undefined);
    expect(client.isOpen).toBe(true);
    const { port } = await serve((_, response) => response.writeHead(200).flushHeaders());
    const silent = await timed(() => clientOf(port, { deadlines }).requestFile(GET));
    expect(silent.result).toMatchObject(DOWN);
    expect(silent.activeMs).toBeLessThan(1600);
  });
});

describe('an upload', () => {
  it('that waits for a connection is given up after 2.5 s too', async () => {
    const { port } = await serve(() => undefined);
    const client = clientOf(port, { connections: 1, ...SEED });
    const stuck = client.request({ ...GET, deadlineMs: 4000 }).catch(() => undefined);
    const body = Buffer.alloc(2 * 1024 * 1024);
    const { result, activeMs } = await timed(() => client.request({ ...GET, method: 'PUT', body }));
    expect(result).toMatchObject(DOWN);
    expect(activeMs).toBeLessThan(3500);
    await stuck;
  });
});

describe('a connection closed under a request', () => {
  /** Answers the first request, then resets every kept-alive connection on its next one. */
  const flaky = async () => {
    const seen = new Map<Socket, number>();
    const asked: string[] = [];
    const { port } = await serve((request, response) => {
      asked.push(request.method ?? '');
      const uses = (seen.get(request.socket) ?? 0) + 1;
      seen.set(request.socket, uses);
      if (uses === 1) json(response, 200, { ok: true });
      else request.socket.resetAndDestroy();
    });
    return { port, asked };
  };

  it('is tried once more for a GET and what is said to be idempotent', async () => {
    const { port, asked } = await flaky();
    const client = clientOf(port, { connections: 1 });
    await client.request(GET);
    expect(await client.request(GET)).toMatchObject({ body: { ok: true } });
    expect(await client.request({ ...POST, idempotent: true })).toMatchObject({ status: 200 });
    expect(asked).toEqual(['GET', 'GET', 'GET', 'POST', 'POST']);
  });

  it('is not tried again for a POST, nor a second time', async () => {
    const { port, asked } = await flaky();
    const client = clientOf(port, { connections: 1 });
    await client.request(GET);
    await expect(client.request(POST)).rejects.toMatchObject(DOWN);
    expect(asked).toEqual(['GET', 'POST']);
    let always = 0;
    const broken = await serve((request) => {
      always += 1;
      request.socket.resetAndDestroy();
    });
    await expect(clientOf(broken.port).request(GET)).rejects.toMatchObject(DOWN);
    expect(always).toBe(2);
  });

  it('is not tried again once a byte of an answer has come', async () => {
    let asked = 0;
    const { port } = await serve((request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
      response.write('{"a":', () => setTimeout(() => request.socket.resetAndDestroy(), 50));
    });
    await expect(clientOf(port).request(GET)).rejects.toMatchObject(DOWN);
    expect(asked).toBe(1);
  });
});
