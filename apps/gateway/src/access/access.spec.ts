import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { notFound, Problem, tierDown } from '@penguinmails/http/problem';
import { looksLikeKey, parseApiKey, type ParsedKey } from './api-key.js';
import { refuseCredentialInQuery } from './credential-in-query.js';
import { KeyDirectory, type KeyIdentity } from './key-directory.js';
import { RecentMap } from './recent-map.js';

const secret = (): string => randomBytes(32).toString('base64url');
const short = (id: string): string =>
  Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
const TENANT = newId();
const LIVE = `pm_live_${short(TENANT)}_${secret()}`;

describe('parseApiKey', () => {
  it('reads tenant and digest of a tenant key, whatever its mode', () => {
    for (const key of [LIVE, LIVE.replace('live', 'test')])
      expect(parseApiKey(key)).toEqual({
        tenantId: TENANT,
        sha256: createHash('sha256').update(key).digest('hex'),
      });
  });

  it('cuts by length: base64url contains the separator itself', () => {
    const id = 'ffffffff-ffff-7fff-bfff-fffffffffffc';
    const key = `pm_live_${short(id)}_${'_'.repeat(43)}`;
    expect(short(id)).toContain('_');
    expect(parseApiKey(key)?.tenantId).toBe(id);
  });

  it('reads a platform key as one of the platform tenant', () => {
    expect(parseApiKey(`pm_platform_${secret()}`)?.tenantId).toBe(PLATFORM_TENANT_ID);
  });

  it.each([
    ['nothing', ''],
    ['another prefix', LIVE.replace('pm_live_', 'pm_liva_')],
    ['one character short', LIVE.slice(0, -1)],
    ['one character long', `${LIVE}a`],
    ['another separator', `pm_live_${short(TENANT)}-${secret()}`],
    ['foreign characters', `pm_live_${short(TENANT)}_${'+'.repeat(43)}`],
    ['foreign characters in the tenant', `pm_live_${'+'.repeat(22)}_${secret()}`],
    ['a tenant in two spellings', `pm_live_${short(TENANT).slice(0, -1)}-_${secret()}`],
    ['a tenant key of the platform', `pm_live_${short(PLATFORM_TENANT_ID)}_${secret()}`],
    ['a short platform key', `pm_platform_${secret().slice(1)}`],
    ['a megabyte', `pm_live_${'a'.repeat(1_000_000)}`],
  ])('refuses %s', (_name, text) => {
    expect(parseApiKey(text)).toBeNull();
  });

  it('recognises what starts like a key', () => {
    expect(['pm_live_x', 'pm_test_x', 'pm_platform_x'].every(looksLikeKey)).toBe(true);
    expect(looksLikeKey('pm_other_x')).toBe(false);
  });
});

describe('refuseCredentialInQuery', () => {
  it.each([
    { api_key: 'x' },
    { 'Api-Key': 'x' },
    { access_token: 'x' },
    { after: LIVE },
    { after: ['x', LIVE] },
  ])('refuses %j', (query) => {
    expect(() => refuseCredentialInQuery(query)).toThrow(
      expect.objectContaining({ status: 400, code: 'credential_in_query' }),
    );
  });

  it('lets everything else pass', () => {
    expect(() => refuseCredentialInQuery({ limit: '5', status: ['a', 'b'] })).not.toThrow();
    expect(() => refuseCredentialInQuery(undefined)).not.toThrow();
  });
});

describe('KeyDirectory', () => {
  const identity: KeyIdentity = {
    key_id: newId(),
    tenant_id: TENANT,
    kind: 'tenant',
    mode: 'live',
    scopes: ['emails:send'],
    user_id: null,
    tenant_status: 'active',
    expires_at: null,
  };
  const key = parseApiKey(LIVE) as ParsedKey;
  const anotherKey = (): ParsedKey =>
    parseApiKey(`pm_live_${short(TENANT)}_${secret()}`) as ParsedKey;

  /** A directory over an oltp that answers as told, and a clock that stands. */
  const directory = () => {
    const oltp = { answer: async (): Promise<KeyIdentity | null> => identity, asked: 0 };
    const clock = { ms: 1_000_000 };
    const resolve = () => {
      oltp.asked += 1;
      return oltp.answer();
    };
    return { oltp, clock, keys: new KeyDirectory(resolve, () => clock.ms) };
  };
  const down = async () => {
    throw tierDown('oltp');
  };

  it('asks once in 4 s, and waits for the answer after 5', async () => {
    const { oltp, clock, keys } = directory();
    expect(await keys.find(key, 'r')).toBe(identity);
    clock.ms += 3_999;
    await keys.find(key, 'r');
    expect(oltp.asked).toBe(1);
    const renewed = { ...identity };
    oltp.answer = async () => renewed;
    clock.ms += 5_000;
    expect(await keys.find(key, 'r')).toBe(renewed);
    expect(oltp.asked).toBe(2);
  });

  it('asks ahead of time while the key counts: nobody waits, and many requests ask once', async () => {
    const { oltp, clock, keys } = directory();
    await keys.find(key, 'r');
    let answer: (found: KeyIdentity) => void = () => undefined;
    oltp.answer = () => new Promise((resolve) => (answer = resolve));
    clock.ms += 4_000;
    expect(await Promise.all([keys.find(key, 'r'), keys.find(key, 'r')])).toEqual([
      identity,
      identity,
    ]);
    expect(oltp.asked).toBe(2);
    answer(identity);
    await new Promise(setImmediate);
    clock.ms += 3_999;
    await keys.find(key, 'r');
    expect(oltp.asked).toBe(2);
  });

  it('takes no harm when nobody can be asked ahead of time, and forgets a key revoked by then', async () => {
    const { oltp, clock, keys } = directory();
    await keys.find(key, 'r');
    oltp.answer = down;
    clock.ms += 4_500;
    expect(await keys.find(key, 'r')).toBe(identity);
    await new Promise(setImmediate);
    oltp.answer = async () => null;
    expect(await keys.find(key, 'r')).toBe(identity);
    await new Promise(setImmediate);
    expect(await keys.find(key, 'r')).toBeNull();
  });

  it('forgets a key that was revoked when it asks again', async () => {
    const { oltp, clock, keys } = directory();
    await keys.find(key, 'r');
    clock.ms += 5_000;
    oltp.answer = async () => null;
    expect(await keys.find(key, 'r')).toBeNull();
    oltp.answer = down;
    expect(await keys.find(key, 'r')).toBeNull();
  });

  it('lets a confirmed key count for an hour while oltp is down, and not longer', async () => {
    const { oltp, clock, keys } = directory();
    await keys.find(key, 'r');
    oltp.answer = down;
    clock.ms += 3_599_999;
    expect(await keys.find(key, 'r')).toBe(identity);
    clock.ms += 1;
    await expect(keys.find(key, 'r')).rejects.toMatchObject({ status: 503, tier: 'oltp' });
  });

  it('does not let a remembered key count past its expiry, whether oltp is there or not', async () => {
    const { oltp, keys } = directory();
    const expires_at = new Date(Date.now() - 1).toISOString();
    oltp.answer = async () => ({ ...identity, expires_at });
    await keys.find(key, 'r');
    oltp.answer = down;
    expect(await keys.find(key, 'r')).toBeNull();
  });

  it('does not let a key count when asking failed for another reason', async () => {
    const { oltp, clock, keys } = directory();
    await keys.find(key, 'r');
    clock.ms += 5_000;
    oltp.answer = async () => {
      throw notFound();
    };
    await expect(keys.find(key, 'r')).rejects.toBeInstanceOf(Problem);
  });

  it('says 503, not 401, about a key it has never seen', async () => {
    const { oltp, keys } = directory();
    oltp.answer = down;
    await expect(keys.find(key, 'r')).rejects.toMatchObject({ status: 503 });
    oltp.answer = async () => identity;
    expect(await keys.find(key, 'r')).toBe(identity);
  });

  it('remembers a wrong key for 2 s', async () => {
    const { oltp, clock, keys } = directory();
    oltp.answer = async () => null;
    await keys.find(key, 'r');
    clock.ms += 1_999;
    await keys.find(key, 'r');
    expect(oltp.asked).toBe(1);
    clock.ms += 1;
    await keys.find(key, 'r');
    expect(oltp.asked).toBe(2);
  });

  it('asks once for a hundred requests that bring the same key', async () => {
    const { oltp, keys } = directory();
    const { promise, resolve: answer } = Promise.withResolvers<KeyIdentity>();
    oltp.answer = () => promise;
    const all = Promise.all(Array.from({ length: 100 }, () => keys.find(key, 'r')));
    answer(identity);
    expect(new Set(await all)).toEqual(new Set([identity]));
    expect(oltp.asked).toBe(1);
  });

  it('is not emptied of good keys by guesses', async () => {
    const { oltp, keys } = directory();
    await keys.find(key, 'r');
    oltp.answer = async () => null;
    for (let guess = 0; guess < 11_000; guess += 1) await keys.find(anotherKey(), 'r');
    oltp.answer = down;
    expect(await keys.find(key, 'r')).toBe(identity);
  });
});

describe('RecentMap', () => {
  it('forgets what was used longest ago', () => {
    const map = new RecentMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
    map.delete('a');
    expect(map.get('a')).toBeUndefined();
  });
});
