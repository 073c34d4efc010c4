import { describe, expect, it, jest } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { type Grant, MAX_GRANT_LENGTH, verifyGrant } from '@penguinmails/http';
import { testKeys } from '@penguinmails/testing';
import { type GrantedJob, GrantSigner, type LeaseGrant } from './grant-signer.js';

const { publicKeys, queue } = testKeys();
const signer = new GrantSigner({ issuer: 'queue', privateKey: queue.privateKey });
const inSeconds = (seconds: number) => new Date((Math.floor(Date.now() / 1000) + seconds) * 1000);

const newJob = (tenantId = newId()): GrantedJob => {
  const [storage_key, mailbox_id] = [newId(), newId()];
  return { tenantId, jobId: newId(), payload: { storage_key, mailbox_id } };
};
const some = <T>(length: number, make: (n: number) => T): T[] =>
  Array.from({ length }, (_, n) => make(n));
const read = ({ grant }: LeaseGrant): Promise<Grant> => verifyGrant(publicKeys, grant, 'content');

/** What the grants name, as jobs: which tenant's part names which ids. */
async function namedBy(grants: readonly LeaseGrant[]) {
  const parts = (await Promise.all(grants.map(read))).flatMap(({ tenants }) => tenants);
  const named = (ids: 'jobIds' | 'contentKeys' | 'mailboxIds') =>
    parts.flatMap((part) => part[ids].map((id) => `${part.tenantId}/${id}`)).sort();
  return { jobs: named('jobIds'), contents: named('contentKeys'), mailboxes: named('mailboxIds') };
}

const partsOf = (jobs: readonly GrantedJob[]) => ({
  jobs: jobs.map(({ tenantId, jobId }) => `${tenantId}/${jobId}`).sort(),
  contents: jobs.map(({ tenantId, payload }) => `${tenantId}/${payload.storage_key}`).sort(),
  mailboxes: jobs.map(({ tenantId, payload }) => `${tenantId}/${payload.mailbox_id}`).sort(),
});

describe('GrantSigner', () => {
  it.each([
    ['100 tenants', 100, 1],
    ['20 tenants with five jobs each', 20, 5],
  ])('signs once for a lease of %s, for each what is its own', async (_, tenants, each) => {
    const ids = some(tenants, () => newId());
    const jobs = some(tenants * each, (n) => newJob(ids[n % tenants]));
    const signatures = jest.spyOn(crypto.subtle, 'sign');
    const grants = await signer.sign(jobs, 'lease', inSeconds(3_600));
    const asked = signatures.mock.calls.length;
    signatures.mockRestore();
    expect([asked, grants.length]).toEqual([1, 1]);
    expect((await read(grants[0])).tenants).toHaveLength(tenants);
    expect(await namedBy(grants)).toEqual(partsOf(jobs));
  });

  it.each([
    ['of as many tenants', 500, 500],
    ['of one tenant', 1, 4],
    ['of three tenants', 3, 6],
  ])('parts a full lease %s into four grants', async (_, tenants, tenantParts) => {
    const ids = some(tenants, () => newId());
    const jobs = some(500, (n) => newJob(ids[n % tenants]));
    const end = inSeconds(3_600);
    const grants = await signer.sign(jobs, 'lease', end);
    expect(grants.map(({ lease_token }) => lease_token)).toEqual(some(4, () => 'lease'));
    const signed = await Promise.all(grants.map(read));
    expect(signed).toMatchObject(some(4, () => ({ leaseToken: 'lease', expiresAt: end })));
    expect(await namedBy(grants)).toEqual(partsOf(jobs));
    // A tenant is named by as few grants as its jobs fit into.
    expect(signed.flatMap((grant) => grant.tenants)).toHaveLength(tenantParts);
  });

  it('names a content or mailbox once that several jobs of a tenant have in common', async () => {
    const job = newJob();
    const bare = { tenantId: job.tenantId, jobId: newId(), payload: { storage_key: null } };
    const [grant] = await signer.sign(
      [job, { ...job, jobId: newId() }, bare],
      'l',
      inSeconds(3_600),
    );
    const { storage_key, mailbox_id } = job.payload;
    expect((await read(grant)).tenants).toMatchObject([
      { contentKeys: [storage_key], mailboxIds: [mailbox_id] },
    ]);
  });

  it('signs nothing that is too long to be read, whatever the names of the jobs', async () => {
    // The longest names that may be leased, of characters that JSON writes as six.
    const payload = { storage_key: '\u0001'.repeat(64), mailbox_id: '\u0001'.repeat(36) };
    const jobs = some(500, () => ({ ...newJob(), payload }));
    const grants = await signer.sign(jobs, 'a'.repeat(36), inSeconds(3_600));
    const lengths = grants.map(({ grant }) => grant.length);
    expect(Math.max(...lengths)).toBeLessThan(MAX_GRANT_LENGTH);
    expect(await namedBy(grants)).toEqual(partsOf(jobs));
  });

  it('signs nothing for nothing', async () => {
    expect(await signer.sign([], 'lease', inSeconds(3_600))).toEqual([]);
    expect(await signer.signAgain([])).toEqual([]);
  });

  it('signs anew for each lease what is still held of it, to its own end', async () => {
    const [first, second] = [inSeconds(600), inSeconds(1_200)];
    const [a, b] = [newId(), newId()];
    const one = some(3, (n) => newJob(n === 0 ? a : b));
    const two = some(2, () => newJob(a));
    const held = [
      ...one.map((job) => ({ ...job, leaseToken: 'one', expiresAt: first })),
      ...two.map((job) => ({ ...job, leaseToken: 'two', expiresAt: second })),
    ];
    const grants = await signer.signAgain(held);
    expect(grants.map(({ lease_token }) => lease_token)).toEqual(['one', 'two']);
    expect(await Promise.all(grants.map(read))).toMatchObject([
      { leaseToken: 'one', expiresAt: first },
      { leaseToken: 'two', expiresAt: second },
    ]);
    expect(await namedBy(grants.slice(0, 1))).toEqual(partsOf(one));
    expect(await namedBy(grants.slice(1))).toEqual(partsOf(two));
  });
});
