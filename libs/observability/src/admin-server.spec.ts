import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminServer, startAdminServer } from './admin-server.js';
import { registerDetail, registerReadiness, setLifecycle } from './health.js';

let admin: AdminServer;
beforeAll(async () => {
  admin = await startAdminServer({ host: '127.0.0.1', port: 0 }, (_request, response) => {
    response.end('metrics');
  });
});
afterAll(() => admin.close());

const get = async (path: string, method = 'GET') => {
  const url = `http://127.0.0.1:${admin.port}${path}`;
  const response = await fetch(url, { method, signal: AbortSignal.timeout(60_000) });
  const body = await response.text();
  return { status: response.status, body: path === '/readyz' ? JSON.parse(body) : body };
};

describe('the admin port', () => {
  it('answers the three paths and nothing else', async () => {
    expect(await get('/livez')).toMatchObject({ status: 200 });
    expect(await get('/metrics?x=1')).toEqual({ status: 200, body: 'metrics' });
    expect(await get('/')).toMatchObject({ status: 404 });
    expect(await get('/livez', 'POST')).toMatchObject({ status: 405 });
  });

  it('is ready when the process says so and every check holds, whatever the details say', async () => {
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { lifecycle: 'starting' } });
    setLifecycle('ready');
    let reachable = false;
    const stop = [
      registerReadiness('database', async () => {
        if (!reachable) throw new Error('hunter2');
      }),
      registerDetail('outbox', async () => ({ depth: 3 })),
      registerDetail('consumer', () => {
        throw new Error('hunter2');
      }),
    ];
    const down = await get('/readyz');
    expect(down).toMatchObject({
      status: 503,
      body: {
        status: 'unready',
        checks: { database: 'failed' },
        details: { outbox: { depth: 3 }, consumer: 'unavailable' },
      },
    });
    expect(JSON.stringify(down)).not.toContain('hunter2');
    reachable = true;
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
    setLifecycle('stopping');
    expect(await get('/readyz')).toMatchObject({ status: 503 });
    expect(await get('/livez')).toMatchObject({ status: 200 });
    stop.forEach((remove) => remove());
  });

  it('does not wait longer than 2 s for a check that hangs', async () => {
    setLifecycle('ready');
    const remove = registerReadiness('stuck', () => new Promise(() => undefined));
    // The quickest of some: a machine does not stand still each time.
    let quickest = Infinity;
    for (let n = 0; n < 5 && quickest >= 3000; n += 1) {
      const start = performance.now();
      expect(await get('/readyz')).toMatchObject({ body: { checks: { stuck: 'failed' } } });
      quickest = Math.min(quickest, performance.now() - start);
    }
    expect(quickest).toBeLessThan(3000);
    remove();
  });

  it('drops a connection that does not finish its headers', async () => {
    const socket = connect(admin.port, '127.0.0.1');
    socket.write('GET /livez HTTP/1.1\r\nx-slow: ');
    socket.resume();
    await once(socket, 'close');
  });
});
