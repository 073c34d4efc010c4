import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type PublicKeys, Secret, type TokenIssuer } from '@penguinmails/config';

/** A process's own key pair, private half: base64 PKCS8 DER ed25519. */
export interface TokenKey {
  readonly issuer: TokenIssuer;
  readonly privateKey: Secret | string;
}

const privateKeys = new Map<string, KeyObject>();
const publicKeys = new Map<string, KeyObject>();

/** @throws when the text is not an ed25519 key */
export function privateKeyOf({ privateKey }: TokenKey): KeyObject {
  const text = typeof privateKey === 'string' ? privateKey : privateKey.reveal();
  return cached(privateKeys, text, () =>
    createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' }),
  );
}

/** Undefined when no key of that issuer is configured. */
export function publicKeyOf(keys: PublicKeys, issuer: TokenIssuer): KeyObject | undefined {
  const text = keys[issuer];
  if (text === undefined) return undefined;
  return cached(publicKeys, text, () =>
    createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' }),
  );
}

/** A process knows a handful of keys; they are decoded once. */
function cached(keys: Map<string, KeyObject>, text: string, create: () => KeyObject): KeyObject {
  const known = keys.get(text);
  if (known) return known;
  const key = create();
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('service keys are ed25519 keys');
  keys.set(text, key);
  return key;
}
