import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { SystemDatabase, SystemTransaction } from '@penguinmails/database';
import { KEPT_MS, LimitBook } from './limit-book.js';
import type { LimitRule } from './limit-rules.js';
import type { LimitSystemRepository } from './limit.system.repository.js';

const TENANT = 'a';
let now: number;
let reads: { tenantIds: readonly string[]; answer: PromiseWithResolvers<LimitRule[]> }[];
let book: LimitBook;

beforeEach(() => {
  now = 10_000;
  reads = [];
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const database = {
    once: (work: (tx: SystemTransaction) => Promise<unknown>) => work({} as SystemTransaction),
  };
  const rules = (_tx: SystemTransaction, tenantIds: readonly string[]) => {
    const answer = Promise.withResolvers<LimitRule[]>();
    reads.push({ tenantIds, answer });
    return answer.promise;
  };
  book = new LimitBook(database as SystemDatabase, { rules } as unknown as LimitSystemRepository);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const rule = (perMinute: number): LimitRule =>
  ({ tenantId: TENANT, key: 'tenant', perMinute }) as unknown as LimitRule;

/** Reads the tenant's limits while the database answers at once. */
async function learn(perMinute: number) {
  const reading = book.read([TENANT]);
  reads.at(-1)!.answer.resolve([rule(perMinute)]);
  return reading;
}
const known = async () => (await book.read([TENANT]))(TENANT).get('tenant');

describe('the limits of a tenant', () => {
  it('are read once and used for a second', async () => {
    await learn(1);
    now += 900;
    await expect(known()).resolves.toMatchObject({ perMinute: 1 });
    expect(reads).toHaveLength(1);
  });

  it('are read anew while claims go on with what is known, once for all of them', async () => {
    await learn(1);
    now += 1_100;
    await expect(known()).resolves.toMatchObject({ perMinute: 1 });
    await expect(known()).resolves.toMatchObject({ perMinute: 1 });
    expect(reads.map(({ tenantIds }) => tenantIds)).toEqual([[TENANT], [TENANT]]);
    reads[1].answer.resolve([rule(2)]);
    await reads[1].answer.promise;
    await Promise.resolve();
    await expect(known()).resolves.toMatchObject({ perMinute: 2 });
  });

  it('are waited for when they are too old, though the renewal failed: its failure is met then', async () => {
    await learn(1);
    now += 1_100;
    await known();
    reads[1].answer.reject(new Error('away'));
    await expect(known()).resolves.toMatchObject({ perMinute: 1 });
    now += KEPT_MS;
    const late = known();
    reads.at(-1)!.answer.reject(new Error('still away'));
    await expect(late).rejects.toThrow('still away');
    await expect(learn(3)).resolves.toBeDefined();
  });

  it('stay those of a claim until it ends, though they are forgotten meanwhile', async () => {
    const rulesOf = await learn(1);
    now += KEPT_MS + 1;
    const another = book.read(['b']);
    reads.at(-1)!.answer.resolve([]);
    await another;
    expect(rulesOf(TENANT).get('tenant')).toMatchObject({ perMinute: 1 });
  });
});
