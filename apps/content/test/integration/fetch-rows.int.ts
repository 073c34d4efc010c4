import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantRows } from '@penguinmails/database';
import { FetchRepository, ReadUnderAnotherTenant } from '../../src/content/fetch.repository.js';
import { ContentParts, file, input, key, tenant } from './content-parts.js';

const READS = ['sizes', 'bodies', 'files'] as const;
const KEYS = /FROM (\(\s*SELECT set_config[\s\S]*?OFFSET 0\)) AS k/;
/** All keys are taken, and the tenant of the last one stands, before the first is looked up. */
const SORTED = 'FROM (SELECT * FROM $1 AS taken ORDER BY n DESC) AS k';

const sorted = (tx: TenantRows): TenantRows => ({
  ...tx,
  query: (text, values) => {
    expect(text).toMatch(KEYS);
    return tx.query(text.replace(KEYS, SORTED), values);
  },
});

/** As if the planner had found such plans. */
class SortedFetch extends FetchRepository {
  override sizes(tx: TenantRows, keys: readonly string[]) {
    return super.sizes(sorted(tx), keys);
  }

  override bodies(tx: TenantRows, keys: readonly string[]) {
    return super.bodies(sorted(tx), keys);
  }

  override files(tx: TenantRows, keys: readonly string[]) {
    return super.files(sorted(tx), keys);
  }
}

describe.each([
  { way: 'kept plans', pooled: false },
  { way: 'unnamed statements, plans of any kind', pooled: true },
])('contents of several tenants ($way)', ({ pooled }) => {
  let parts: ContentParts;
  let a: string, b: string, mine: string, foreign: string;
  beforeAll(async () => {
    parts = await ContentParts.open(pooled);
  });
  afterAll(() => parts.close());
  beforeEach(async () => {
    [a, b, mine, foreign] = [tenant(), tenant(), key(), key()];
    await parts.put(a, mine, input({ attachments: [file(Buffer.from('a'))] }));
    await parts.put(b, foreign, input({ attachments: [file(Buffer.from('b'))] }));
  });

  it.each(READS)('are not found under a key of another tenant: %s', async (read) => {
    const tenants = [a, a, b, b];
    const keys = [mine, foreign, mine, foreign];
    const found = await parts.database.tenants.rowByRow(
      tenants,
      (tx): Promise<readonly unknown[]> => new FetchRepository()[read](tx, keys),
    );
    const isThere = found.map((each) => each !== undefined && JSON.stringify(each) !== '[]');
    expect(isThere).toEqual([true, false, false, true]);
  });

  it.each(READS)('are not said to be missing when looked up under another: %s', async (read) => {
    const work = parts.database.tenants.rowByRow([a, b], (tx): Promise<readonly unknown[]> =>
      new SortedFetch()[read](tx, [mine, foreign]),
    );
    await expect(work).rejects.toThrow(ReadUnderAnotherTenant);
  });

  it('are read tenant by tenant then', async () => {
    const second = key();
    await parts.put(a, second, input({ text: 'second' }));
    const granted = new Map([
      [a, new Set([mine, second])],
      [b, new Set([foreign])],
    ]);
    const asked: [string, string][] = [
      [a, mine],
      [b, foreign],
      [a, second],
    ];
    const { contents, missing } = await parts.fetch(granted, asked, new SortedFetch());
    expect(missing).toEqual([]);
    const read = contents.map(({ tenantId, storageKey, body, files }) => {
      return [tenantId, storageKey, body.text, files.map(({ bytes }) => String(bytes)).join()];
    });
    expect(read).toEqual([
      [a, mine, 'hello', 'a'],
      [b, foreign, 'hello', 'b'],
      [a, second, 'second', ''],
    ]);
  });
});
