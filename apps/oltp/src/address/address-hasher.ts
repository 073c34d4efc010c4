import { createHmac } from 'node:crypto';

const DOMAIN_KEY_BYTES = 16;

/**
 * Keyed hashes by which addresses and domains are recognised without being known. Nobody without
 * the key can tell whether an address is among them.
 */
export class AddressHasher {
  readonly #key: Buffer;

  /** @param key base64 of 32 random bytes (OLTP_HASH_KEY_SECRET) */
  constructor(key: string) {
    this.#key = Buffer.from(key, 'base64');
  }

  /**
   * What suppressions are found by; it differs from tenant to tenant.
   * @param norm the address in lower case
   * @returns 32 bytes
   */
  addressHash(tenantId: string, norm: string): Buffer {
    return this.hash(`address:${tenantId}:${norm}`);
  }

  /** Key of a recipient domain for limits at its servers, equal for all tenants; 32 hex digits. */
  domainKey(domain: string): string {
    return this.hash(`domain:${domain}`).subarray(0, DOMAIN_KEY_BYTES).toString('hex');
  }

  private hash(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
