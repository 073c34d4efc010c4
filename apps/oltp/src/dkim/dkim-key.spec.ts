import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import type { DomainEntity } from '../mailbox/domain.entity.js';
import { SealedSecretError, SecretBox } from '../mailbox/secret-box.js';
import { assertDkimKey, type DkimKey, DkimKeyError, dnsRecord, publicKeyText } from './dkim-key.js';
import { makeDkimKeys } from './make-dkim-keys.js';
import { openKeys, sealKeys } from './stored-dkim-keys.js';

const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' }).toString('base64');
const rsaKey = (modulusLength: number, type: 'rsa' | 'rsa-pss' = 'rsa'): DkimKey => {
  const { privateKey, publicKey } = generateKeyPairSync(type as 'rsa', { modulusLength });
  return { algorithm: 'rsa-sha256', selector: 'a', ...texts(privateKey, publicKey) };
};
const texts = (privateKey: KeyObject, publicKey: KeyObject) => ({
  privateKey: pkcs8(privateKey),
  publicKey: publicKeyText(publicKey),
});
const [rsa, ed25519] = await makeDkimKeys();
const [, otherEd25519] = await makeDkimKeys();
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

describe('assertDkimKey', () => {
  it('takes what makeDkimKeys makes, each under a name of its own', () => {
    for (const key of [rsa, ed25519]) assertDkimKey(key);
    expect(rsa.selector).not.toBe(ed25519.selector);
    expect(otherEd25519.selector).not.toBe(ed25519.selector);
  });

  it.each([
    ['garbage', { ...rsa, privateKey: 'bm8=' }],
    ['a key cut short', { ...rsa, privateKey: rsa.privateKey.slice(0, 800) }],
    ['a PEM', { ...rsa, privateKey: '-----BEGIN PRIVATE KEY-----' }],
    ['RSA as ed25519', { ...rsa, algorithm: 'ed25519-sha256' }],
    ['ed25519 as RSA', { ...ed25519, algorithm: 'rsa-sha256' }],
    ['an EC key', { ...ed25519, ...texts(p256.privateKey, p256.publicKey) }],
    ['an RSA-PSS key', rsaKey(2_048, 'rsa-pss')],
    ['1,024 bits', rsaKey(1_024)],
    ['5,120 bits', rsaKey(5_120)],
    ['the public key of another', { ...ed25519, publicKey: otherEd25519.publicKey }],
    ['a selector that is no label', { ...rsa, selector: 'a.b' }],
    ['a selector with a semicolon', { ...rsa, selector: 'a; p=' }],
  ] as [string, DkimKey][])('refuses %s, and quotes nothing of it', (_, key) => {
    expect(() => assertDkimKey(key)).toThrow(DkimKeyError);
    try {
      assertDkimKey(key);
    } catch (error) {
      expect(String(error)).not.toContain(key.privateKey.slice(0, 12));
      expect((error as Error).cause).toBeUndefined();
    }
  });
});

describe('dnsRecord', () => {
  it('names the key as verifiers look it up', () => {
    const record = dnsRecord('acme.test', ed25519);
    expect(record.name).toBe(`${ed25519.selector}._domainkey.acme.test`);
    expect(record.value).toMatch(/^v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=$/);
    expect(dnsRecord('acme.test', rsa).value).toMatch(/^v=DKIM1; k=rsa; p=MII/);
  });
});

describe('stored keys', () => {
  const box = new SecretBox(randomBytes(32).toString('base64'));
  const name = { tenantId: newId(), id: newId() };
  const columns = sealKeys(box, name, [ed25519, rsa]);
  const row = (change: Partial<DomainEntity> = {}) =>
    ({ ...name, name: 'acme.test', status: 'verified', ...columns, ...change }) as DomainEntity;

  it('open for a verified domain, RSA first', () => {
    expect(openKeys(box, row())).toEqual({
      domain: 'acme.test',
      keys: [rsa, ed25519].map(({ selector, algorithm, privateKey }) => ({
        ...{ selector, algorithm, private_key: privateKey },
      })),
    });
  });

  it('stay closed while nobody could look them up, and where there are none', () => {
    expect(openKeys(box, row({ status: 'pending' }))).toBeNull();
    expect(openKeys(box, row({ status: 'failed' }))).toBeNull();
    const none = Object.fromEntries(Object.keys(columns).map((column) => [column, null]));
    expect(openKeys(box, row(none))).toBeNull();
  });

  it('do not open in each other’s place, in another row, or changed', () => {
    const swapped = { dkimPrivateKeyEncrypted: columns.dkimEd25519PrivateKeyEncrypted };
    expect(() => openKeys(box, row(swapped))).toThrow(SealedSecretError);
    expect(() => openKeys(box, row({ id: newId() }))).toThrow(SealedSecretError);
    expect(() => openKeys(box, row({ tenantId: newId() }))).toThrow(SealedSecretError);
  });

  it('are sealed both or not at all', () => {
    expect(() => sealKeys(box, name, [rsa])).toThrow(DkimKeyError);
  });
});
