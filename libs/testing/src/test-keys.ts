import { generateKeyPairSync } from 'node:crypto';

export interface TestKeyPair {
  /** base64 of PKCS8 DER, the form of SERVICE_TOKEN_PRIVATE_KEY_SECRET. */
  readonly privateKey: string;
  /** base64 of SPKI DER, the form in SERVICE_TOKEN_PUBLIC_KEYS. */
  readonly publicKey: string;
}

export interface TestKeys {
  readonly gateway: TestKeyPair;
  readonly worker: TestKeyPair;
  readonly queue: TestKeyPair;
  /** Value of SERVICE_TOKEN_PUBLIC_KEYS as an object. */
  readonly publicKeys: {
    readonly gateway: string;
    readonly worker: string;
    readonly queue: string;
  };
}

function makePair(): TestKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  return { privateKey: privateKey.toString('base64'), publicKey: publicKey.toString('base64') };
}

function makeKeys(): TestKeys {
  const [gateway, worker, queue] = [makePair(), makePair(), makePair()];
  return {
    gateway,
    worker,
    queue,
    publicKeys: {
      gateway: gateway.publicKey,
      worker: worker.publicKey,
      queue: queue.publicKey,
    },
  };
}

let keys: TestKeys | undefined;

/** ed25519 pairs of the three signers; the same ones for the whole process. */
export function testKeys(): TestKeys {
  keys ??= makeKeys();
  return keys;
}
