import { createPrivateKey, type KeyObject } from 'node:crypto';

/** A key as oltp hands it out. */
export interface DkimKey {
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** PKCS #8 DER, base64. */
  readonly private_key: string;
}

/** The keys of a sender's domain as oltp hands them out. */
export interface DkimKeys {
  readonly domain: string;
  readonly keys: readonly DkimKey[];
}

/** A key that is ready to sign: parsed once, because parsing costs twice a signature. */
export interface SigningKey {
  readonly selector: string;
  readonly algorithm: DkimKey['algorithm'];
  readonly key: KeyObject;
}

export interface DomainSigner {
  readonly domain: string;
  /** RSA first: what verifies only the first signature knows RSA. */
  readonly keys: readonly SigningKey[];
}

/** A domain's mail must be signed, and this cannot be done. The message says nothing of the key. */
export class UnusableKeyError extends Error {
  override readonly name = 'UnusableKeyError';
}

const TYPES = { 'rsa-sha256': 'rsa', 'ed25519-sha256': 'ed25519' } as const;
/** RFC 8301 section 3.2: verifiers do not take less. */
const RSA_BITS_MIN = 1024;

/**
 * Parses the keys of a domain; the text they came in is not kept.
 * @throws UnusableKeyError one of them is no key of its algorithm, or there is none
 */
export function loadDomainSigner({ domain, keys }: DkimKeys): DomainSigner {
  const loaded = keys.map(loadKey).sort((a, b) => rank(a) - rank(b));
  if (loaded.length === 0) throw new UnusableKeyError('the domain has no key');
  return { domain, keys: loaded };
}

function loadKey({ selector, algorithm, private_key }: DkimKey): SigningKey {
  const key = parseKey(private_key);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN;
  if (key.asymmetricKeyType !== TYPES[algorithm] || bits < RSA_BITS_MIN)
    throw new UnusableKeyError(`not a key for ${algorithm}`);
  return { selector, algorithm, key };
}

/** The error of the parser may quote what it was given, so it is not passed on. */
function parseKey(privateKey: string): KeyObject {
  try {
    const key = Buffer.from(privateKey, 'base64');
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch {
    throw new UnusableKeyError('the key does not parse');
  }
}

function rank({ algorithm }: SigningKey): number {
  return algorithm === 'rsa-sha256' ? 0 : 1;
}
