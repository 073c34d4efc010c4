import { Problem } from '@penguinmails/http/problem';
import type { ParsedKey } from './api-key.js';
import { RecentMap } from './recent-map.js';

/** Who a key is, as oltp knows it. */
export interface KeyIdentity {
  readonly key_id: string;
  readonly tenant_id: string;
  readonly kind: 'tenant' | 'platform';
  readonly mode: 'live' | 'test';
  readonly scopes: readonly string[];
  readonly user_id: string | null;
  readonly tenant_status: string;
  /** RFC 3339; null: never. */
  readonly expires_at: string | null;
}

/** Asks oltp. Null: there is no such key. @throws Problem 503 when oltp cannot be asked */
export type ResolveKey = (key: ParsedKey, requestId: string) => Promise<KeyIdentity | null>;

/** A revoked key counts for this long at most. */
const FRESH_MS = 5_000;
/** From here on it is asked about again while it still counts, so that hardly a request waits for that. */
const RENEW_MS = 4_000;
/** While oltp is down, keys that it has confirmed within this time go on counting. */
const STALE_MS = 3_600_000;
/** A wrong key is not asked about again for this long. */
const UNKNOWN_MS = 2_000;
const MAX_KEYS = 10_000;

interface Confirmed {
  readonly identity: KeyIdentity;
  readonly at: number;
}

/**
 * The keys this process has seen. Wrong keys are remembered apart from good ones, so that guessing
 * drives none of those out.
 */
export class KeyDirectory {
  readonly #confirmed = new RecentMap<Confirmed>(MAX_KEYS);
  readonly #unknown = new RecentMap<number>(MAX_KEYS);
  readonly #asking = new Map<string, Promise<KeyIdentity | null>>();

  /** @param now milliseconds of a clock that never goes back */
  constructor(
    private readonly resolve: ResolveKey,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @returns null for a key that does not exist
   * @throws Problem 503 for a key that oltp has not confirmed lately while it cannot be asked
   */
  async find(key: ParsedKey, requestId: string): Promise<KeyIdentity | null> {
    const confirmed = this.#confirmed.get(key.sha256);
    if (confirmed && hasExpired(confirmed.identity)) return null;
    if (confirmed && this.#age(confirmed.at) < FRESH_MS) {
      if (this.#age(confirmed.at) >= RENEW_MS) this.#renew(key, requestId);
      return confirmed.identity;
    }
    const unknownSince = this.#unknown.get(key.sha256);
    if (unknownSince !== undefined && this.#age(unknownSince) < UNKNOWN_MS) return null;
    try {
      return await this.#ask(key, requestId);
    } catch (error) {
      if (confirmed && isOutage(error) && this.#age(confirmed.at) < STALE_MS)
        return confirmed.identity;
      throw error;
    }
  }

  /** What goes wrong is told to the first request that finds the key stale: that one asks again. */
  #renew(key: ParsedKey, requestId: string): void {
    void this.#ask(key, requestId).catch(() => undefined);
  }

  /** However many requests bring a key at once, oltp is asked about it once. */
  #ask(key: ParsedKey, requestId: string): Promise<KeyIdentity | null> {
    const asking = this.#asking.get(key.sha256);
    if (asking) return asking;
    const answer = this.#refresh(key, requestId).finally(() => this.#asking.delete(key.sha256));
    this.#asking.set(key.sha256, answer);
    return answer;
  }

  async #refresh(key: ParsedKey, requestId: string): Promise<KeyIdentity | null> {
    const identity = await this.resolve(key, requestId);
    if (identity) {
      this.#confirmed.set(key.sha256, { identity, at: this.now() });
    } else {
      this.#confirmed.delete(key.sha256);
      this.#unknown.set(key.sha256, this.now());
    }
    return identity;
  }

  #age(since: number): number {
    return this.now() - since;
  }
}

/** oltp never answers an expired key; one that was remembered may expire here. */
function hasExpired({ expires_at: expiresAt }: KeyIdentity): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now();
}

function isOutage(error: unknown): boolean {
  return error instanceof Problem && error.status === 503;
}
