import { describe, expect, test } from '@jest/globals';
import { FairScheduler, fairUseOf, type Ticket } from './fair-scheduler.js';
import { TenantBusy } from './tenant-busy.js';

/** Asks on behalf of tenants named by letters and writes down who was served, in order. */
function clerk(slots: number, share = Math.max(1, Math.floor(slots / 2)), limit = 100) {
  const scheduler = new FairScheduler({ slots, share, limit });
  const served: string[] = [];
  const running: { name: string; ticket: Ticket }[] = [];
  const ask = (name: string, tenant: string | undefined = name[0]): Ticket => {
    const entry = { name, ticket: undefined as unknown as Ticket };
    entry.ticket = scheduler.ask(tenant, () => {
      served.push(name);
      running.push(entry);
    });
    return entry.ticket;
  };
  const finish = (prefix = '') => {
    const index = running.findIndex(({ name }) => name.startsWith(prefix));
    running.splice(index, 1)[0]?.ticket.leave();
  };
  const holds = (prefix: string) => running.filter(({ name }) => name.startsWith(prefix)).length;
  return { scheduler, served, ask, finish, holds };
}

describe('limits of one tenant', () => {
  test('the 101st that runs or waits is refused; one that ends makes room', () => {
    const { ask, finish, scheduler } = clerk(10);
    for (let n = 0; n < 100; n += 1) ask(`a${n}`);
    expect(() => ask('a100')).toThrow(new TenantBusy('limit'));
    expect(scheduler.waiting()).toEqual({ work: 95, lanes: 1 });
    ask('b0');
    finish('a');
    expect(ask('a101').running).toBe(false);
  });

  test('no more than half of the slots, whoever waits', () => {
    const { ask, holds } = clerk(5);
    for (let n = 0; n < 9; n += 1) ask(`a${n}`);
    expect(holds('a')).toBe(2);
    expect(ask('b0').running).toBe(true);
  });

  test('one slot is shared in turn', () => {
    expect(fairUseOf(1)).toEqual({ slots: 1, share: 1, limit: 100 });
    expect(fairUseOf(5).share).toBe(2);
  });

  test('work without a tenant has no limit of its own', () => {
    const { scheduler, served } = clerk(4);
    for (let n = 0; n < 150; n += 1) scheduler.ask(undefined, () => served.push('x'));
    expect(served).toHaveLength(4);
    expect(scheduler.waiting()).toEqual({ work: 146, lanes: 1 });
  });
});

describe('order', () => {
  test('first come, first served within a tenant', () => {
    const { ask, finish, served } = clerk(1);
    for (const name of ['a0', 'a1', 'a2']) ask(name);
    finish();
    finish();
    expect(served).toEqual(['a0', 'a1', 'a2']);
  });

  test('tenants in turn, however many one of them sends', () => {
    const { ask, finish, served } = clerk(1);
    for (const name of ['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'c0']) ask(name);
    for (let n = 0; n < 6; n += 1) finish();
    expect(served).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3']);
  });

  test('behind a flood of k tenants a newcomer waits for at most k + 1 grants', () => {
    const { ask, finish, served } = clerk(4);
    for (const tenant of ['a', 'b', 'c', 'd']) for (let n = 0; n < 50; n += 1) ask(`${tenant}${n}`);
    const before = served.length;
    ask('z0');
    for (let n = 0; n < 5; n += 1) finish();
    expect(served.slice(before)).toContain('z0');
  });

  test('two lanes at their share hide nobody behind them', () => {
    const { ask, finish, holds } = clerk(5);
    for (let n = 0; n < 50; n += 1) ask(`a${n}`);
    for (let n = 0; n < 50; n += 1) ask(`b${n}`);
    expect([holds('a'), holds('b')]).toEqual([2, 2]);
    expect(ask('c0').running).toBe(true);
    expect(ask('c1').running).toBe(false);
    for (const tenant of ['a', 'b', 'a']) finish(tenant);
    expect([holds('a'), holds('b'), holds('c')]).toEqual([1, 2, 2]);
  });
});

describe('leaving', () => {
  test('who gives up is not served; giving back twice frees one slot', () => {
    const { ask, served, scheduler } = clerk(1);
    const first = ask('a0');
    const second = ask('b0');
    ask('c0');
    second.leave();
    expect(second.running).toBe(false);
    first.leave();
    first.leave();
    expect(served).toEqual(['a0', 'c0']);
    expect(scheduler.waiting()).toEqual({ work: 0, lanes: 0 });
  });

  test('tells whether a tenant waits for its own work or for others', () => {
    const { ask } = clerk(2);
    ask('a0');
    expect(ask('a1').waitsForItself).toBe(true);
    ask('b0');
    expect(ask('c0').waitsForItself).toBe(false);
  });

  test('any order of coming and going: nobody starves, no slot is lost or made', () => {
    const { ask, finish, served, scheduler, holds } = clerk(6);
    let state = 7;
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
    let asked = 0;
    for (let step = 0; step < 5_000; step += 1) {
      if (random(2)) finish();
      else if (scheduler.waiting().work < 90) ask(`${'abcde'[random(5)]}${(asked += 1)}`);
      for (const tenant of 'abcde') expect(holds(tenant)).toBeLessThanOrEqual(3);
      expect(holds('')).toBeLessThanOrEqual(6);
    }
    while (holds('') > 0) finish();
    expect(served).toHaveLength(asked);
    expect(new Set(served).size).toBe(asked);
  });
});
