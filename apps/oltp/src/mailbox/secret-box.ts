import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** Where a secret belongs; a sealed secret moved to another row does not open. */
export interface SecretOwner {
  readonly tenantId: string;
  readonly id: string;
}

/** The stored bytes are damaged, of another row, or sealed under another key. */
export class SealedSecretError extends Error {
  override readonly name = 'SealedSecretError';
}

/**
 * Seals credentials at rest with AES-256-GCM. Layout: version, 12 bytes nonce, 16 bytes tag,
 * ciphertext; tenant and row are authenticated with it.
 */
export class SecretBox {
  readonly #key: Buffer;

  /** @param key base64 of 32 random bytes (OLTP_ENCRYPTION_KEY_SECRET) */
  constructor(key: string) {
    this.#key = Buffer.from(key, 'base64');
  }

  seal(owner: SecretOwner, secret: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(context(owner));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws SealedSecretError */
  open(owner: SecretOwner, sealed: Buffer): string {
    if (sealed.length < HEADER_BYTES || sealed[0] !== VERSION)
      throw new SealedSecretError('not a sealed secret');
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(context(owner))
      .setAuthTag(sealed.subarray(1 + NONCE_BYTES, HEADER_BYTES));
    return finish(decipher, sealed.subarray(HEADER_BYTES));
  }
}

function finish(decipher: ReturnType<typeof createDecipheriv>, sealed: Buffer): string {
  try {
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new SealedSecretError('the secret does not open', { cause });
  }
}

function context({ tenantId, id }: SecretOwner): Buffer {
  return Buffer.from(`${tenantId}:${id}`);
}
