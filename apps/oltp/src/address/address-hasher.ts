import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const DOMAIN_KEY_BYTES = 16;
/** Keys of domains that are remembered; mail goes to few domains at a time. */
const MAX_KEPT = 10_000;

/**
 * Keyed hashes by which addresses and domains are recognised without being known. Nobody without
 * the key can tell whether an address is among them.
 */
export class AddressHasher {
  /** A key object: made from bytes for each hash, it takes three times as long as the hash. */
  readonly #key: KeyObject;
  readonly #domainKeys = new Map<string, string>();

  /** @param key base64 of 32 random bytes (OLTP_HASH_KEY_SECRET) */
  constructor(key: string) {
    this.#key = createSecretKey(key, 'base64');
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
    return this.#domainKeys.get(domain) ?? this.#remember(domain);
  }

  #remember(domain: string): string {
    const hash = this.hash(`domain:${domain}`);
    const key = hash.subarray(0, DOMAIN_KEY_BYTES).toString('hex');
    if (this.#domainKeys.size >= MAX_KEPT) this.#domainKeys.clear();
    this.#domainKeys.set(domain, key);
    return key;
  }

  private hash(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
