import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { type DkimAlgorithm, type DkimKey, publicKeyText } from './dkim-key.js';

const RSA_BITS = 2_048;

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * A new RSA and a new ed25519 key, made off the main thread (an RSA key takes 0.1 s and more). Selectors
 * are new each time: a name that resolvers have cached must not get another key.
 */
export async function makeDkimKeys(): Promise<DkimKey[]> {
  const id = randomBytes(4).toString('hex');
  const [rsa, ed25519] = await Promise.all([makeRsa(), makeEd25519()]);
  return [dkimKey('rsa-sha256', `pm${id}-r`, rsa), dkimKey('ed25519-sha256', `pm${id}-e`, ed25519)];
}

function dkimKey(algorithm: DkimAlgorithm, selector: string, pair: Pair): DkimKey {
  const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  const publicKey = publicKeyText(pair.publicKey);
  return { algorithm, selector, privateKey: der.toString('base64'), publicKey };
}

function makeRsa(): Promise<Pair> {
  const { promise, resolve, reject } = Promise.withResolvers<Pair>();
  generateKeyPair('rsa', { modulusLength: RSA_BITS }, (error, publicKey, privateKey) =>
    error ? reject(error) : resolve({ publicKey, privateKey }),
  );
  return promise;
}

function makeEd25519(): Promise<Pair> {
  const { promise, resolve, reject } = Promise.withResolvers<Pair>();
  generateKeyPair('ed25519', undefined, (error, publicKey, privateKey) =>
    error ? reject(error) : resolve({ publicKey, privateKey }),
  );
  return promise;
}
