import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { DkimKeyError } from '../../src/dkim/dkim-key.js';
import { makeDkimKeys } from '../../src/dkim/make-dkim-keys.js';
import { StoreDkimKeys } from '../../src/dkim/store-dkim-keys.js';
import { type MailboxTransport, ReadTransports } from '../../src/mailbox/read-transports.js';
import { grantFor, OltpParts, problemOf, type TestTenant } from './oltp-parts.js';

const by = { actorKind: 'system', actorId: 'test', requestId: null } as const;

let parts: OltpParts;
beforeAll(async () => {
  parts = await OltpParts.open();
});
afterAll(() => parts.close());

async function domainOf(tenant: TestTenant): Promise<{ tenantId: string; domainId: string }> {
  const sql = 'SELECT domain_id AS id FROM mailboxes WHERE id = $1';
  const [{ id }] = await parts.rows<{ id: string }>(sql, [tenant.mailboxId]);
  return { tenantId: tenant.id, domainId: id };
}

async function transportOf(tenant: TestTenant): Promise<MailboxTransport | undefined> {
  const grant = await grantFor(tenant.id, { mailboxIds: [tenant.mailboxId] });
  const name = { tenantId: tenant.id, mailboxId: tenant.mailboxId };
  return (await parts.get(ReadTransports).execute([grant], [name]))[0];
}

describe('DKIM keys of a domain', () => {
  it('are stored sealed, told to workers, and answered as records to publish', async () => {
    const tenant = await parts.newTenant();
    const name = await domainOf(tenant);
    const keys = await makeDkimKeys();
    const records = await parts.get(StoreDkimKeys).execute(name, keys, by);
    expect(records.map((record) => record.name)).toEqual(
      keys.map(({ selector }) => `${selector}._domainkey.${tenant.from.split('@')[1]}`),
    );
    expect((await transportOf(tenant))?.dkim).toMatchObject({
      domain: tenant.from.split('@')[1],
      keys: keys.map(({ selector, privateKey }) => ({ selector, private_key: privateKey })),
    });
    const stored = await parts.rows<{ text: string }>('SELECT d::text AS text FROM domains d');
    const text = stored.map((row) => row.text).join();
    for (const { publicKey, privateKey } of keys) {
      expect(text).toContain(publicKey);
      expect(text).not.toContain(Buffer.from(privateKey).toString('hex').slice(0, 60));
      expect(text).not.toContain(privateKey.slice(0, 60));
    }
    const sql = `SELECT 1 FROM audit_log WHERE action = 'domain.keys_stored' AND subject_id = $1`;
    expect(await parts.rows(sql, [name.domainId])).toHaveLength(1);
  });

  it('sign nothing before the domain is verified', async () => {
    const tenant = await parts.newTenant();
    const name = await domainOf(tenant);
    await parts.get(StoreDkimKeys).execute(name, await makeDkimKeys(), by);
    const pending = `UPDATE domains SET status = 'pending', verified_at = NULL WHERE id = $1`;
    await parts.admin.query(pending, [name.domainId]);
    expect((await transportOf(tenant))?.dkim).toBeNull();
  });

  it('withhold the mailbox when they do not open: its mail must not go out unsigned', async () => {
    const tenant = await parts.newTenant();
    const name = await domainOf(tenant);
    await parts.get(StoreDkimKeys).execute(name, await makeDkimKeys(), by);
    await parts.admin.query(
      `UPDATE domains SET dkim_ed25519_private_key_encrypted = dkim_private_key_encrypted
       WHERE id = $1`,
      [name.domainId],
    );
    await parts.takeEvents();
    expect(await transportOf(tenant)).toBeUndefined();
    const data = { event_type: 'dkim_key_unreadable', subject_id: name.domainId };
    expect(await parts.takeEvents()).toMatchObject([{ data }]);
  });

  it('stay as they are when there are some, and a bad one is not stored', async () => {
    const tenant = await parts.newTenant();
    const name = await domainOf(tenant);
    const [rsa, ed25519] = await makeDkimKeys();
    const store = parts.get(StoreDkimKeys);
    const mixed = [rsa, { ...ed25519, publicKey: rsa.publicKey }];
    await expect(store.execute(name, mixed, by)).rejects.toThrow(DkimKeyError);
    expect((await transportOf(tenant))?.dkim).toBeNull();
    await store.execute(name, [rsa, ed25519], by);
    const again = store.execute(name, await makeDkimKeys(), by);
    expect(await problemOf(again)).toMatchObject({ status: 409, code: 'domain_has_keys' });
    expect((await transportOf(tenant))?.dkim?.keys[0].selector).toBe(rsa.selector);
  });

  it('are not stored for another tenant’s domain', async () => {
    const [owner, thief] = [await parts.newTenant(), await parts.newTenant()];
    const foreign = { ...(await domainOf(owner)), tenantId: thief.id };
    const keys = await makeDkimKeys();
    const storing = parts.get(StoreDkimKeys).execute(foreign, keys, by);
    expect(await problemOf(storing)).toMatchObject({ status: 404 });
    const unknown = { tenantId: owner.id, domainId: newId() };
    expect(await problemOf(parts.get(StoreDkimKeys).execute(unknown, keys, by))).toMatchObject({
      status: 404,
    });
    expect((await transportOf(owner))?.dkim).toBeNull();
  });
});
