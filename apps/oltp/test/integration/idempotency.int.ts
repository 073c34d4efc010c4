import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import type { Problem } from '@penguinmails/http/problem';
import { AcceptEmail } from '../../src/email/accept-email.js';
import type { IdempotencyClaim } from '../../src/idempotency/idempotency.repository.js';
import { PurgeExpiredKeys } from '../../src/idempotency/purge-expired-keys.js';
import { ReleaseKey } from '../../src/idempotency/release-key.js';
import { ReserveKey } from '../../src/idempotency/reserve-key.js';
import { eventually } from '@penguinmails/testing';
import { callerOf, OltpParts, problemOf, type TestTenant } from './oltp-parts.js';

let parts: OltpParts;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  parts = await OltpParts.open();
  [tenant, other] = [await parts.newTenant(), await parts.newTenant()];
});
afterAll(() => parts.close());

const newClaim = (change: Partial<IdempotencyClaim> = {}): IdempotencyClaim => ({
  key: newId(),
  method: 'POST',
  route: '/v1/emails',
  holder: newId(),
  ...change,
});
const reserve = (claim: IdempotencyClaim, fingerprint = 'f', tenantId = tenant.id) =>
  parts.get(ReserveKey).execute(tenantId, claim, fingerprint);
const age = (claim: IdempotencyClaim, seconds: number): Promise<unknown> =>
  parts.admin.query(
    `UPDATE idempotency_keys SET reserved_at = reserved_at - make_interval(secs => $2),
       expires_at = expires_at - make_interval(secs => $2) WHERE key = $1`,
    [claim.key, seconds],
  );

describe('an Idempotency-Key', () => {
  it('is one request at a time; its answer is replayed', async () => {
    const [claim, second] = [newClaim(), newId()];
    expect(await reserve(claim)).toEqual({ state: 'reserved' });
    expect(await reserve(claim)).toEqual({ state: 'reserved' });
    expect(await reserve({ ...claim, holder: second })).toEqual({ state: 'in_progress' });
    expect(await reserve({ ...claim, holder: second }, 'g')).toEqual({ state: 'mismatch' });
    const command = parts.command(tenant, { idempotency: claim });
    const email = await parts.get(AcceptEmail).execute(callerOf(tenant), command);
    const done = { state: 'done', status: 202, response: email };
    expect(await reserve({ ...claim, holder: second })).toEqual(done);
    expect(await reserve(claim)).toEqual(done);
    expect(await reserve({ ...claim, holder: second }, 'g')).toEqual({ state: 'mismatch' });
  });

  it('counts per tenant, method and route', async () => {
    const claim = newClaim();
    await reserve(claim);
    for (const [change, tenantId] of [
      [{ holder: newId() }, other.id],
      [{ holder: newId(), method: 'PATCH' }, tenant.id],
      [{ holder: newId(), route: '/v1/api-keys' }, tenant.id],
    ] as const)
      expect(await reserve({ ...claim, ...change }, 'other', tenantId)).toEqual({
        state: 'reserved',
      });
  });

  it('is taken over after 10 s, and its first holder changes nothing any more', async () => {
    // Again only if the second that is left may have gone by before it was asked.
    const { claim, early } = await eventually(async () => {
      const young = newClaim();
      const began = performance.now();
      await reserve(young);
      await age(young, 9);
      const asked = await reserve({ ...young, holder: 'second' });
      const inTime = performance.now() - began < 1_000;
      return (inTime || asked.state === 'in_progress') && { claim: young, early: asked };
    });
    expect(early).toEqual({ state: 'in_progress' });
    await age(claim, 2);
    expect(await reserve({ ...claim, holder: 'second' }, 'other')).toEqual({ state: 'mismatch' });
    expect(await reserve({ ...claim, holder: 'second' })).toEqual({ state: 'reserved' });
    const late = parts.command(tenant, { idempotency: claim });
    const refusal = parts.get(AcceptEmail).execute(callerOf(tenant), late);
    expect(await problemOf(refusal)).toEqual({ status: 409, code: 'idempotency_holder_lost' });
    expect(await parts.rows('SELECT id FROM emails WHERE id = $1', [late.id])).toEqual([]);
    const taken = { ...claim, holder: 'second' };
    const command = parts.command(tenant, { idempotency: taken });
    await parts.get(AcceptEmail).execute(callerOf(tenant), command);
    await parts.get(ReleaseKey).execute(tenant.id, taken);
    expect(await reserve(claim)).toMatchObject({ state: 'done' });
  });

  it('is given back by its holder only', async () => {
    const claim = newClaim();
    await reserve(claim);
    await parts.get(ReleaseKey).execute(tenant.id, { ...claim, holder: 'thief' });
    await parts.get(ReleaseKey).execute(other.id, claim);
    expect(await reserve({ ...claim, holder: 'second' })).toEqual({ state: 'in_progress' });
    await parts.get(ReleaseKey).execute(tenant.id, claim);
    expect(await reserve({ ...claim, holder: 'second' }, 'other')).toEqual({ state: 'reserved' });
  });

  it('expires after 24 hours and is purged', async () => {
    const claim = newClaim();
    await reserve(claim);
    await parts
      .get(AcceptEmail)
      .execute(callerOf(tenant), parts.command(tenant, { idempotency: claim }));
    await age(claim, 86_300);
    expect(await reserve(claim)).toMatchObject({ state: 'done' });
    await age(claim, 200);
    expect(await reserve({ ...claim, holder: 'next' }, 'other')).toEqual({ state: 'reserved' });
    await age(claim, 90_000);
    const kept = newClaim();
    await reserve(kept);
    expect(await parts.get(PurgeExpiredKeys).execute()).toBe(1);
    expect(await reserve({ ...kept, holder: 'x' })).toEqual({ state: 'in_progress' });
  });

  it('has one holder, however many ask at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const claim = newClaim();
      const asks = Array.from({ length: 12 }, (_none, i) =>
        reserve({ ...claim, holder: `holder-${i}` }),
      );
      const states = (await Promise.all(asks)).map(({ state }) => state);
      expect(states.filter((state) => state === 'reserved')).toHaveLength(1);
      expect(states.filter((state) => state === 'in_progress')).toHaveLength(11);
    }
  });

  it('has one effect, also when it is taken over while its holder writes', async () => {
    for (let round = 0; round < 20; round += 1) {
      const claim = newClaim();
      await reserve(claim);
      await age(claim, 11);
      const write = (holder: string): Promise<unknown> => {
        const command = parts.command(tenant, {
          subject: claim.key,
          idempotency: { ...claim, holder },
        });
        return parts
          .get(AcceptEmail)
          .execute(callerOf(tenant), command)
          .then(
            () => 'written',
            (error: Problem) => error.code,
          );
      };
      const takeOver = async (): Promise<unknown> => {
        const { state } = await reserve({ ...claim, holder: 'second' });
        return state === 'reserved' ? write('second') : state;
      };
      const results = await Promise.all([write(claim.holder), takeOver()]);
      expect(results.filter((result) => result === 'written')).toHaveLength(1);
      const rows = await parts.rows('SELECT id FROM emails WHERE subject = $1', [claim.key]);
      expect(rows).toHaveLength(1);
    }
  });
});
