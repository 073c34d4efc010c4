import { describe, expect, it } from '@jest/globals';
import { eventually, freePort } from '@penguinmails/testing';
import { RequestBudget } from '../../src/tier-client/index.js';
import {
  GET,
  POST,
  DOWN,
  serve,
  json,
  clientOf,
  timed,
  openBreaker,
  until,
} from './tier-server.js';

describe('the breaker', () => {
  it('takes a report of ill health for a failure, and passes it on', async () => {
    let reachable = false;
    const { port } = await serve((_request, response) => json(response, 200, { reachable }));
    const client = clientOf(port);
    const saysDown = (body: unknown): boolean => !(body as { reachable: boolean }).reachable;
    for (let call = 0; call < 3; call += 1)
      expect((await client.request({ ...GET, saysDown })).body).toEqual({ reachable: false });
    expect(client.isOpen).toBe(true);
    reachable = true;
    const ask = () => client.request({ ...GET, saysDown }).catch(() => undefined);
    await until(async () => (await ask()) !== undefined && !client.isOpen);
  });

  it('opens on a refused port, answers at once, and recovers within about a second', async () => {
    // Who stands still for a second finds the breaker ask again: then anew.
    await eventually(async () => {
      const port = await freePort();
      const client = clientOf(port);
      await openBreaker(client);
      let asked = 0;
      await serve((_request, response) => {
        asked += 1;
        json(response, 200, { back: true });
      }, port);
      const refused = await timed(() => client.request(GET));
      expect(refused.result).toMatchObject(DOWN);
      expect(refused.activeMs).toBeLessThan(300);
      expect(asked).toBe(0);
      const isBack = () => client.request(GET).then(Boolean, () => false);
      const recovered = await timed(() => until(isBack));
      expect(recovered.activeMs).toBeLessThan(2000);
      expect(client.isOpen).toBe(false);
    });
  });

  it('asks a tier that stays silent with one call a second', async () => {
    let asked = 0;
    const { port } = await serve(() => {
      asked += 1;
    });
    const client = clientOf(port, { deadlines: { read: 100 } });
    await openBreaker(client);
    asked = 0;
    const burst = () => Promise.allSettled(Array.from({ length: 50 }, () => client.request(GET)));
    const began = performance.now();
    await until(async () => {
      await burst();
      return performance.now() > began + 2500;
    });
    expect(asked).toBeGreaterThanOrEqual(1);
    expect(asked).toBeLessThanOrEqual(Math.ceil((performance.now() - began) / 1000));
  });

  it('stays open when the call that asks again runs out of its request’s time', async () => {
    const { port } = await serve(() => undefined);
    const client = clientOf(port, { deadlines: { read: 100 } });
    await openBreaker(client);
    let asked = 0;
    await until(async () => {
      const budget = new RequestBudget(90);
      const { ms } = await timed(() => client.request({ ...POST, budget }));
      if (ms > 80) asked += 1;
      return asked === 2;
    });
    expect(client.isOpen).toBe(true);
  });

  it('opens when calls hang that had most of their time', async () => {
    const { port } = await serve(() => undefined);
    // Who stands still before the call has less of its time: then anew.
    await eventually(async () => {
      const client = clientOf(port, { deadlines: { write: 100 } });
      const hung = [1, 2, 3].map(() => client.request({ ...POST, budget: new RequestBudget(90) }));
      const ended = await Promise.allSettled(hung);
      expect(ended.every(({ status }) => status === 'rejected')).toBe(true);
      expect(client.isOpen).toBe(true);
    });
  });

  it('opens again after as few failures, however many calls it has refused', async () => {
    let silent = true;
    const { port } = await serve((_request, response) => {
      if (!silent) json(response, 200, {});
    });
    const client = clientOf(port, { deadlines: { read: 100 } });
    await openBreaker(client);
    const refused = Array.from({ length: 500 }, () => client.request(GET));
    await Promise.allSettled(refused);
    silent = false;
    await until(() =>
      client.request(GET).then(
        () => true,
        () => false,
      ),
    );
    silent = true;
    const failed = await Promise.allSettled([1, 2, 3].map(() => client.request(GET)));
    expect(failed.every(({ status }) => status === 'rejected')).toBe(true);
    expect(client.isOpen).toBe(true);
  });
});
