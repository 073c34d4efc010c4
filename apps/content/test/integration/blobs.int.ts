import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantTransaction } from '@penguinmails/database';
import { eventually } from '@penguinmails/testing';
import pg from 'pg';
import { type BlobReferences, BlobRepository } from '../../src/content/blob.repository.js';
import { ContentParts, tenant } from './content-parts.js';

const MANY = 300;
const blobs = new BlobRepository();
const hashOf = (name: string): string => createHash('sha256').update(name).digest('hex');
const [ONE, TWO, UNKNOWN] = ['one', 'two', 'unknown'].map(hashOf);

let parts: ContentParts;
let owner: string;
beforeAll(async () => {
  parts = await ContentParts.open();
});
afterAll(() => parts.close());
beforeEach(() => {
  owner = tenant();
});

/** Blobs of one byte each. */
async function store(references: BlobReferences): Promise<void> {
  await parts.admin.query(
    `INSERT INTO content_blobs (tenant_id, content_hash, algorithm, bytes, raw_size_bytes, ref_count)
     SELECT $1, r.hash, 'none', 'x', 1, r.count FROM unnest($2::text[], $3::int[]) AS r (hash, count)`,
    [owner, [...references.keys()], [...references.values()]],
  );
}

async function counts(): Promise<Record<string, number>> {
  const rows = await parts.rows<{ hash: string; count: number }>(
    'SELECT content_hash AS hash, ref_count AS count FROM content_blobs WHERE tenant_id = $1',
    [owner],
  );
  return Object.fromEntries(rows.map(({ hash, count }) => [hash, count]));
}

const inTransaction = <T>(work: (tx: TenantTransaction) => Promise<T>): Promise<T> =>
  parts.database.tenants.transaction(owner, work);

describe('counts of blobs', () => {
  it('each grow by their own number; what is unknown is left out', async () => {
    await store(new Map([[ONE, 1], [TWO, 5]])); // prettier-ignore
    const wanted = new Map([[TWO, 20], [UNKNOWN, 7], [ONE, 3]]); // prettier-ignore
    const held = await inTransaction((tx) => blobs.retain(tx, wanted));
    expect(held.map(({ hash }) => hash).sort()).toEqual([ONE, TWO].sort());
    expect(await counts()).toEqual({ [ONE]: 4, [TWO]: 25 });
  });

  it('each shrink by their own number; what reaches none is freed', async () => {
    await store(new Map([[ONE, 3], [TWO, 5]])); // prettier-ignore
    const given = new Map([[TWO, 4], [UNKNOWN, 7], [ONE, 3]]); // prettier-ignore
    expect(await inTransaction((tx) => blobs.release(tx, given))).toBe(1);
    expect(await counts()).toEqual({ [TWO]: 1 });
  });

  it('begin from what another transaction has made of them meanwhile', async () => {
    await store(new Map([[ONE, 2], [TWO, 2]])); // prettier-ignore
    let released: Promise<number> | undefined;
    await inTransaction(async (tx) => {
      await blobs.retain(tx, new Map([[TWO, 10]]));
      released = inTransaction((other) => blobs.release(other, new Map([[TWO, 2], [ONE, 2]]))); // prettier-ignore
      await eventually(async () => {
        const waiting = `SELECT FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND datname = current_database()`;
        expect(await parts.rows(waiting)).toHaveLength(1);
      });
    });
    expect(await released).toBe(1);
    expect(await counts()).toEqual({ [TWO]: 10 });
  });
});

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'One-Time Filter'?: string;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

const literal = (value: unknown): string =>
  Array.isArray(value) ? `'{${value.join()}}'` : pg.escapeLiteral(String(value));

/** The kept plans of the statements that are sent, each with what its execution came to. */
async function executed(work: (tx: TenantTransaction) => Promise<unknown>): Promise<PlanNode[][]> {
  const plans: PlanNode[][] = [];
  await inTransaction(async (tx) => {
    const query = async (text: string, values: readonly unknown[] = []) => {
      await tx.query(`PREPARE kept AS ${text}`);
      const { rows } = await tx.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE kept (${values.map(literal).join()})`,
      );
      plans.push(nodesOf(rows[0]['QUERY PLAN'][0].Plan));
      await tx.query('DEALLOCATE kept');
      return { rows: [], rowCount: 0 };
    };
    await work(Object.assign(Object.create(tx) as TenantTransaction, { query }));
  });
  return plans;
}

/** Rows that a node has handed on or thrown away. */
const handled = (node: PlanNode): number =>
  (node['Actual Rows'] + (node['Rows Removed by Join Filter'] ?? 0)) * node['Actual Loops'];

describe('changing the counts of many blobs', () => {
  const references = new Map(
    Array.from({ length: MANY }, (_, n): [string, number] => [hashOf(`${n}`), 1]),
  );

  it.each(['retain', 'release'] as const)('handles each a few times: %s', async (change) => {
    await store(references);
    const plans = await executed((tx) => blobs[change](tx, references));
    expect(plans).toHaveLength(change === 'retain' ? 1 : 2);
    for (const node of plans.flat()) expect(handled(node)).toBeLessThan(3 * MANY);
  });

  it.each(['retain', 'release'] as const)('locks all of them first: %s', async (change) => {
    await store(references);
    const [plan] = await executed((tx) => blobs[change](tx, references));
    const locks = plan.filter((node) => node['Node Type'] === 'LockRows');
    expect(locks.map(handled)).toEqual([MANY]);
    expect(plan.filter((node) => node['One-Time Filter']?.includes('InitPlan'))).toHaveLength(1);
  });
});
