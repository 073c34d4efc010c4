import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  catalogSuite,
  createTierDatabase,
  tenantIsolationSuite,
  type TierDatabase,
} from '@penguinmails/testing';
import { OltpParts } from './oltp-parts.js';

let database: TierDatabase;
let parts: OltpParts;

beforeAll(async () => {
  database = await createTierDatabase('oltp');
  parts = await OltpParts.open();
});

afterAll(async () => {
  await parts.close();
  await database.drop();
});

catalogSuite('oltp', () => database, { platformTables: ['plans'] });
tenantIsolationSuite('oltp');

describe('an e-mail as the seed inserts it', () => {
  it('is taken and goes nowhere', async () => {
    const tenant = await parts.newTenant();
    const [{ id, status }] = await parts.rows<{ id: string; status: string }>(
      `INSERT INTO emails (tenant_id, recipient, content_storage_key)
       VALUES ($1, 'ada@customer.example', 'opaque') RETURNING id, status`,
      [tenant.id],
    );
    expect(status).toBe('pending');
    const refused = { email_id: id, decision: 'refuse', reason: 'unknown_email' };
    expect(await parts.begin(tenant, [id])).toEqual([refused]);
    const queued = parts.rows(`UPDATE emails SET status = 'queued' WHERE id = $1`, [id]);
    await expect(queued).rejects.toMatchObject({ code: '23514' });
  });
});
