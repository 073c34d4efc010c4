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

/** ed25519 pairs of the three signers; the same ones for the whole process. */
export declare function testKeys(): TestKeys;
