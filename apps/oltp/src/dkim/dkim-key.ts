import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

export const dkimAlgorithms = ['rsa-sha256', 'ed25519-sha256'] as const;
export type DkimAlgorithm = (typeof dkimAlgorithms)[number];

/** A key pair as it is stored and handed to workers. */
export interface DkimKey {
  readonly algorithm: DkimAlgorithm;
  /** The DNS label below `_domainkey`. */
  readonly selector: string;
  /** PKCS #8 DER, base64. */
  readonly privateKey: string;
  /** The `p=` of the DNS record: SPKI DER, or the bare 32 bytes of ed25519 (RFC 8463); base64. */
  readonly publicKey: string;
}

/** A key that would make unsigned mail, or signatures that nobody takes. Says nothing of the key. */
export class DkimKeyError extends Error {
  override readonly name = 'DkimKeyError';
}

/**
 * RFC 8301 section 3.2: signers must have 1,024 bits and should have 2,048; verifiers need not take more
 * than 4,096. We make 2,048 and take nothing shorter.
 */
const RSA_BITS = { min: 2_048, max: 4_096 };
const TYPES = { 'rsa-sha256': 'rsa', 'ed25519-sha256': 'ed25519' } as const;
const DIGESTS = { 'rsa-sha256': 'sha256', 'ed25519-sha256': null } as const;
const NAMES = { 'rsa-sha256': 'rsa', 'ed25519-sha256': 'ed25519' } as const;
const SELECTOR = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const RAW_ED25519_BYTES = 32;

/**
 * Holds a key to all that a signer needs of it, before it is stored: it parses, is of its kind and
 * length, its halves belong together, and what it signs verifies.
 * @throws DkimKeyError
 */
export function assertDkimKey(key: DkimKey): void {
  if (!SELECTOR.test(key.selector)) throw new DkimKeyError('the selector is no DNS label');
  const privateKey = parsePrivate(key);
  if (privateKey.asymmetricKeyType !== TYPES[key.algorithm])
    throw new DkimKeyError(`the key is not for ${key.algorithm}`);
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? RSA_BITS.min;
  if (bits < RSA_BITS.min || bits > RSA_BITS.max)
    throw new DkimKeyError(`an RSA key has ${RSA_BITS.min} to ${RSA_BITS.max} bits`);
  const publicKey = createPublicKey(privateKey);
  if (publicKeyText(publicKey) !== key.publicKey)
    throw new DkimKeyError('the public key is not that of the private key');
  assertSigns(DIGESTS[key.algorithm], privateKey, publicKey);
}

/** The `p=` of a public key's DNS record. */
export function publicKeyText(key: KeyObject): string {
  const spki = key.export({ type: 'spki', format: 'der' });
  const bytes = key.asymmetricKeyType === 'ed25519' ? spki.subarray(-RAW_ED25519_BYTES) : spki;
  return bytes.toString('base64');
}

/** What the domain's owner publishes as TXT (RFC 6376 section 3.6.1). */
export function dnsRecord(
  domain: string,
  { algorithm, selector, publicKey }: Omit<DkimKey, 'privateKey'>,
): { readonly name: string; readonly value: string } {
  const value = `v=DKIM1; k=${NAMES[algorithm]}; p=${publicKey}`;
  return { name: `${selector}._domainkey.${domain}`, value };
}

/** The parser's error may quote what it was given, so it is not passed on. */
function parsePrivate({ privateKey }: DkimKey): KeyObject {
  try {
    const key = Buffer.from(privateKey, 'base64');
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch {
    throw new DkimKeyError('the private key does not parse');
  }
}

function assertSigns(digest: 'sha256' | null, privateKey: KeyObject, publicKey: KeyObject): void {
  const data = Buffer.from('penguinmails');
  if (!verify(digest, data, publicKey, sign(digest, data, privateKey)))
    throw new DkimKeyError('what the key signs does not verify');
}
