import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantRows } from '@penguinmails/database';
import { FetchRepository } from '../../src/content/fetch.repository.js';
import { ContentParts, file, input, key, tenant } from './content-parts.js';

const READS = ['sizes', 'bodies', 'files'] as const;
const KEYS = /FROM (\(\s*SELECT set_config[\s\S]*?OFFSET 0\)) AS k/;
/** All keys are taken, and the tenant of the last one stands, before the first is looked up. */
const SORTED = 'FROM (SELECT * FROM $1 AS taken ORDER BY n DESC) AS k';

let parts: ContentParts;
beforeAll(async () => {
  parts = await ContentParts.open();
});
afterAll(() => parts.close());

const repository = new FetchRepository();
const sorted = (tx: TenantRows): TenantRows => ({
  ...tx,
  query: (text, values) => {
    expect(text).toMatch(KEYS);
    return tx.query(text.replace(KEYS, SORTED), values);
  },
});

describe.each(READS)('reading %s of several tenants', (read) => {
  const stored = async () => {
    const [a, b] = [tenant(), tenant()];
    const [mine, foreign] = [key(), key()];
    await parts.put(a, mine, input({ attachments: [file(Buffer.from('a'))] }));
    await parts.put(b, foreign, input({ attachments: [file(Buffer.from('b'))] }));
    return { a, b, mine, foreign };
  };

  it('finds nothing under a key of another tenant', async () => {
    const { a, b, mine, foreign } = await stored();
    const found = await parts.database.tenants.rowByRow(
      [a, a, b, b],
      (tx): Promise<readonly unknown[]> => repository[read](tx, [mine, foreign, mine, foreign]),
    );
    const isThere = found.map((each) => each !== undefined && JSON.stringify(each) !== '[]');
    expect(isThere).toEqual([true, false, false, true]);
  });

  it('fails, rather than say that nothing is there, when a plan looks up under another tenant', async () => {
    const { a, b, mine, foreign } = await stored();
    const work = parts.database.tenants.rowByRow([a, b], (tx): Promise<readonly unknown[]> =>
      repository[read](sorted(tx), [mine, foreign]),
    );
    await expect(work).rejects.toThrow('read under another tenant');
  });
});
