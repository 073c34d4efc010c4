import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { Secret } from '@penguinmails/config';
import { describe, expect, it, jest } from '@jest/globals';
import { decodeJwt, type JWTHeaderParameters, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import type { Caller } from '../access/caller.js';
import type { PlatformRequest } from '../access/platform-request.js';
import { ServiceTokenAuthenticator } from '../access/service-token-authenticator.js';
import { type Grant, MAX_GRANT_LENGTH, signGrant, verifyGrant } from './grant.js';
import { privateKeyOf, type TokenKey } from './keys.js';
import { ServiceTokenSigner, signServiceToken } from './service-token.js';
import { verifyServiceToken } from './verify-service-token.js';

const TENANT = '0190b5a0-0000-7000-8000-000000000001';
const OTHER = '0190b5a0-0000-7000-8000-000000000002';
const NIL = '00000000-0000-0000-0000-000000000000';

const makeKey = (issuer: TokenKey['issuer']) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = { format: 'der', type: 'pkcs8' } as const;
  return {
    key: { issuer, privateKey: new Secret(privateKey.export(der).toString('base64')) },
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    jwk: publicKey.export({ format: 'jwk' }),
  };
};
const gateway = makeKey('gateway');
const worker = makeKey('worker');
const queue = makeKey('queue');
const stranger = makeKey('gateway');
const publicKeys = {
  gateway: gateway.publicKey,
  worker: worker.publicKey,
  queue: queue.publicKey,
};
const expected = { publicKeys, audience: 'oltp' } as const;

const now = (): number => Math.floor(Date.now() / 1000);
const tenantClaims = {
  tid: TENANT,
  act: { kind: 'api_key', id: 'key-1' },
  mode: 'live',
  scp: ['emails:send'],
};
const goodPayload = (): JWTPayload => ({
  ...tenantClaims,
  iss: 'gateway',
  aud: 'oltp',
  iat: now(),
  exp: now() + 60,
});
const forge = (
  change: JWTPayload = {},
  header: Partial<JWTHeaderParameters> = {},
  key: TokenKey = gateway.key,
): Promise<string> => {
  const payload = JSON.parse(JSON.stringify({ ...goodPayload(), ...change })) as JWTPayload;
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'pm-service+jwt', ...header })
    .sign(privateKeyOf(key));
};
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The table of security.md row 2, as far as it applies to our own tokens, and what is ours alone. */
const badTokens: [string, () => Promise<string> | string][] = [
  ['alg none', () => new UnsecuredJWT(goodPayload()).encode()],
  [
    'HS256 with the public key as secret',
    () => {
      const signed = `${base64({ alg: 'HS256', typ: 'pm-service+jwt' })}.${base64(goodPayload())}`;
      const mac = createHmac('sha256', Buffer.from(gateway.publicKey, 'base64'));
      return `${signed}.${mac.update(signed).digest('base64url')}`;
    },
  ],
  ['own key in the jwk header', () => forge({}, { jwk: stranger.jwk as never }, stranger.key)],
  ['jku header', () => forge({}, { jku: 'https://evil.test/jwks' }, stranger.key)],
  ['x5u header', () => forge({}, { x5u: 'https://evil.test/cert' }, stranger.key)],
  ['unknown kid, foreign key', () => forge({}, { kid: 'other' }, stranger.key)],
  ['another name for the algorithm', () => forge({}, { alg: 'Ed25519' })],
  [
    'unknown crit header',
    () => {
      const header = { alg: 'EdDSA', typ: 'pm-service+jwt', crit: ['x'], x: 1 };
      const signed = `${base64(header)}.${base64(goodPayload())}`;
      const signature = sign(null, Buffer.from(signed), privateKeyOf(gateway.key));
      return `${signed}.${signature.toString('base64url')}`;
    },
  ],
  ['another audience', () => forge({ aud: 'content' })],
  ['no audience', () => forge({ aud: undefined })],
  ['unknown issuer', () => forge({ iss: 'mallory' })],
  ['another issuer than the key’s', () => forge({ iss: 'worker', tid: undefined, act: undefined })],
  ['expired', () => forge({ iat: now() - 70, exp: now() - 10 })],
  ['no expiry', () => forge({ exp: undefined })],
  ['not yet valid', () => forge({ nbf: now() + 30 })],
  ['issued in the future', () => forge({ iat: now() + 30, exp: now() + 60 })],
  ['lives longer than 60 s', () => forge({ exp: now() + 3600 })],
  ['a grant used as a token', () => forge({}, { typ: 'pm-grant+jwt' }, queue.key)],
  ['plain JWT type', () => forge({}, { typ: 'JWT' })],
  ['queue as a caller', () => forge({ iss: 'queue' }, {}, queue.key)],
  ['a tenant under the worker’s key', () => forge({ iss: 'worker' }, {}, worker.key)],
  ['tenant without an actor', () => forge({ act: undefined })],
  ['actor without a tenant', () => forge({ tid: undefined })],
  ['tenant that is no id', () => forge({ tid: "' OR 1=1" })],
  ['system as the actor', () => forge({ act: { kind: 'system', id: 'x' } })],
  ['platform key with a tenant', () => forge({ act: { kind: 'platform_key', id: 'x' } })],
  ['tenant key on the platform tenant', () => forge({ tid: NIL })],
  ['scopes that are one text', () => forge({ scp: 'emails:send' })],
  ['another mode', () => forge({ mode: 'admin' })],
  ['truncated', async () => (await forge()).slice(0, -10)],
  ['extra dot', async () => `${await forge()}.x`],
  [
    'payload changed',
    async () =>
      (await forge()).replace(/\.[^.]+\./, `.${base64({ ...goodPayload(), mode: 'test' })}.`),
  ],
  ['64 kB', () => forge({ padding: 'x'.repeat(65_536) })],
  ['empty', () => ''],
  ['not a token', () => 'hunter2'],
];

describe('service tokens', () => {
  it.each(badTokens)('%s → 401', async (_name, make) => {
    const token = await make();
    await expect(verifyServiceToken(token, expected)).rejects.toMatchObject({
      status: 401,
      code: 'invalid_service_token',
    });
  });

  it('carry the caller of the gateway', async () => {
    const carried = {
      tenantId: TENANT,
      actor: { kind: 'api_key', id: 'key-1', userId: 'user-1' },
      mode: 'test',
      scopes: ['emails:read'],
    } as const;
    const began = Date.now();
    const token = await signServiceToken(gateway.key, { audience: 'oltp', ...carried });
    const { expiresAt, caller } = await verifyServiceToken(token, expected);
    expect(caller).toEqual({ service: 'gateway', ...carried });
    expect(expiresAt).toBeGreaterThan(began + 55_000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it('without a tenant stand for the service itself, which owns no rows', async () => {
    const token = await signServiceToken(worker.key, { audience: 'oltp' });
    const { caller } = await verifyServiceToken(token, expected);
    expect(caller).toEqual({
      service: 'worker',
      tenantId: NIL,
      actor: { kind: 'system', id: 'worker' },
      mode: 'live',
      scopes: [],
    });
  });

  it('are remembered once verified, but not past their end', async () => {
    const authenticator = new ServiceTokenAuthenticator(expected);
    const token = await signServiceToken(worker.key, { audience: 'oltp' });
    const request = { id: 'r-1', headers: { authorization: `Bearer ${token}` } } as PlatformRequest;
    const caller = await authenticator.authenticate(request);
    expect(caller).toMatchObject({ service: 'worker', requestId: 'r-1' });
    expect(await authenticator.authenticate(request)).toEqual(caller);
    jest.useFakeTimers({ now: Date.now() + 66_000 });
    try {
      await expect(authenticator.authenticate(request)).rejects.toMatchObject({ status: 401 });
    } finally {
      jest.useRealTimers();
    }
  });

  it.each([-300, 300])('are good again after a refusal when our clock is %i s off', async (off) => {
    const expected = { publicKeys, audience: 'queue' } as const;
    const signer = new ServiceTokenSigner(worker.key);
    const right = Date.now();
    const signed = async () => {
      jest.useFakeTimers({ now: right + off * 1000, doNotFake: ['nextTick', 'queueMicrotask'] });
      const token = await signer.token('queue').finally(() => jest.useRealTimers());
      return verifyServiceToken(token, expected).then(
        () => 'accepted',
        () => 'refused',
      );
    };
    expect(await signed()).toBe('refused');
    jest.useFakeTimers({ now: right + off * 1000 });
    const corrected = ['', 'yesterday', new Date(right).toUTCString()].map((date) =>
      signer.correctClock(date),
    );
    jest.useRealTimers();
    expect(corrected).toEqual([false, false, true]);
    expect(await signed()).toBe('accepted');
    expect(signer.correctClock(undefined)).toBe(false);
  });

  it('are refused when the issuer has no key here', async () => {
    const token = await signServiceToken(worker.key, { audience: 'oltp' });
    const only = { publicKeys: { gateway: gateway.publicKey }, audience: 'oltp' } as const;
    await expect(verifyServiceToken(token, only)).rejects.toMatchObject({ status: 401 });
  });

  it('are signed once for 30 s and one caller, and never shared between callers', async () => {
    const signer = new ServiceTokenSigner(gateway.key);
    const caller: Caller = {
      service: 'gateway',
      tenantId: TENANT,
      actor: { kind: 'api_key', id: 'key-1' },
      mode: 'live',
      scopes: [],
      requestId: 'a',
    };
    const first = await signer.token('oltp', caller);
    expect(await signer.token('oltp', { ...caller, requestId: 'b' })).toBe(first);
    const others = [
      await signer.token('content', caller),
      await signer.token('oltp', { ...caller, tenantId: NIL }),
      await signer.token('oltp', { ...caller, mode: 'test' }),
      await signer.token('oltp', { ...caller, scopes: ['emails:send'] }),
      await signer.token('oltp'),
    ];
    expect(new Set([first, ...others]).size).toBe(6);
    jest.useFakeTimers({ now: Date.now() + 31_000 });
    try {
      expect(decodeJwt(await signer.token('oltp', caller)).iat).toBe(now());
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('grants', () => {
  const mine = {
    tenantId: TENANT,
    jobIds: ['job-1'],
    contentKeys: ['cnt_1'],
    mailboxIds: ['mailbox-1'],
  };
  const theirs = {
    tenantId: OTHER,
    jobIds: ['job-2', 'job-3'],
    contentKeys: ['cnt_2'],
    mailboxIds: [],
  };
  const grant = (seconds = 30): Grant => ({
    tenants: [mine, theirs],
    leaseToken: 'lease-1',
    expiresAt: new Date((now() + seconds) * 1000),
  });
  /** As queue signs it, in the older form unless the change says otherwise. */
  const forgeGrant = (change: JWTPayload = {}, header: Partial<JWTHeaderParameters> = {}) =>
    forge(
      {
        act: undefined,
        mode: undefined,
        scp: undefined,
        iss: 'queue',
        jobs: ['job-1'],
        contents: ['cnt_1'],
        mailboxes: ['mailbox-1'],
        lease: 'lease-1',
        ...change,
      },
      { typ: 'pm-grant+jwt', ...header },
      queue.key,
    );
  const part = { tid: OTHER, jobs: ['job-2'], contents: [], mailboxes: [] };
  const forgeParts = (...tenants: unknown[]) =>
    forgeGrant({
      tid: undefined,
      jobs: undefined,
      contents: undefined,
      mailboxes: undefined,
      tenants,
    });

  it('carry what a lease allows each of its tenants, for oltp and content', async () => {
    const token = await signGrant(queue.key, grant());
    for (const audience of ['oltp', 'content'] as const)
      expect(await verifyGrant(publicKeys, token, audience)).toEqual(grant());
  });

  it('of a queue that knows one tenant a grant are read as a list of one', async () => {
    const exp = now() + 30;
    expect(await verifyGrant(publicKeys, await forgeGrant({ exp }))).toEqual({
      tenants: [mine],
      leaseToken: 'lease-1',
      expiresAt: new Date(exp * 1000),
    });
    const { tenants } = await verifyGrant(publicKeys, await forgeParts(part));
    expect(tenants).toMatchObject([{ tenantId: OTHER, jobIds: ['job-2'] }]);
  });

  it('may be as long as a full lease of 500 jobs of one tenant', async () => {
    const ids = Array.from(
      { length: 500 },
      (_item, index) => `${TENANT.slice(0, -3)}${100 + index}`,
    );
    const contentKeys = ids.map(() => 'cnt_0123456789012345678901');
    const all = { ...mine, jobIds: ids, mailboxIds: ids, contentKeys };
    const full = { ...grant(), tenants: [all] };
    expect(await verifyGrant(publicKeys, await signGrant(queue.key, full))).toEqual(full);
  });

  it('are not read when they are longer than any that queue signs', async () => {
    const oversized = { ...mine, jobIds: ['x'.repeat(MAX_GRANT_LENGTH)] };
    const token = await signGrant(queue.key, { ...grant(), tenants: [oversized] });
    await expect(verifyGrant(publicKeys, token)).rejects.toMatchObject({ status: 401 });
  });

  it.each<[string, () => Promise<string>, ('queue' | 'oltp')?]>([
    ['signed by the worker', () => signGrant({ ...worker.key, issuer: 'queue' }, grant())],
    ['issued by the worker', () => signGrant(worker.key, grant())],
    ['past the end of the lease', () => signGrant(queue.key, grant(-2))],
    ['for another tier', () => signGrant(queue.key, grant()), 'queue'],
    ['a service token', () => signServiceToken(gateway.key, { audience: 'oltp' })],
    ['a service token of queue', () => forge({ iss: 'queue' }, {}, queue.key)],
    ['without a lease', () => forgeGrant({ lease: undefined })],
    ['of another type', () => forgeGrant({}, { typ: 'pm-service+jwt' })],
    ['for nobody', () => forgeGrant({ aud: undefined })],
    ['without an end', () => forgeGrant({ exp: undefined })],
    ['without a tenant', () => forgeGrant({ tid: undefined })],
    ['of a tenant that is no id', () => forgeGrant({ tid: 'x' })],
    ['with jobs that are one text', () => forgeGrant({ jobs: 'job-1' })],
    ['of a tenant beside a list of tenants', () => forgeGrant({ tenants: [part] })],
    ['of tenants that are no list', () => forgeGrant({ tid: undefined, tenants: part })],
    ['of tenants one of whom is no id', () => forgeParts(part, { ...part, tid: 'x' })],
    ['of tenants one of whom is nobody', () => forgeParts(part, null)],
    ['with jobs that are no texts', () => forgeParts(part, { ...part, jobs: [1] })],
    ['with contents that are one text', () => forgeParts({ ...part, contents: 'cnt_1' })],
    ['without mailboxes', () => forgeParts({ ...part, mailboxes: undefined })],
  ])('%s → 401', async (_name, make, audience = 'oltp') => {
    await expect(verifyGrant(publicKeys, await make(), audience)).rejects.toMatchObject({
      status: 401,
      code: 'invalid_grant',
    });
  });
});
