import { Injectable } from '@nestjs/common';
import { Problem, tierDown } from '@penguinmails/http/problem';
import type { GatheredCalls, QueryValue, TierClient } from '@penguinmails/http/tier-client';
import type { ParsedKey } from '../access/api-key.js';
import type { Call } from '../access/current-call.js';
import type { KeyIdentity } from '../access/key-directory.js';
import type { ApiKey } from '../api-key/api-key.schema.js';
import type { Email } from '../email/email.schema.js';
import type { Tenant } from '../tenant/tenant.schema.js';
import type { Page } from './page.js';
import { TierClients } from './tier-clients.js';

/** An Idempotency-Key in the hands of one request. */
export interface IdempotencyClaim {
  readonly key: string;
  readonly method: string;
  /** The route's template. */
  readonly route: string;
  /** Token of this request. */
  readonly holder: string;
}

export type Reservation =
  | { readonly state: 'reserved' | 'in_progress' | 'mismatch' }
  | { readonly state: 'done'; readonly status: number; readonly response: unknown };

/** What oltp keeps of an e-mail; its content is known by the storage key only. */
export interface NewEmail {
  readonly id: string;
  readonly storage_key: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly reply_to: string | null;
  readonly tags: readonly { readonly name: string; readonly value: string }[];
  readonly scheduled_at: string | null;
  readonly size_bytes: number;
  readonly idempotency?: IdempotencyClaim;
}

export interface StoredEmail {
  readonly email: Email;
  /** Never leaves the gateway. */
  readonly content_storage_key: string;
}

/** A look-up stands before every request, so it has a read's time although it is a POST. */
const RESOLVE_MS = 1000;

/**
 * E-mails to be accepted come in the batches in which their contents were stored, 30 ms apart: to let them
 * wait for as long again would gather nothing.
 */
const ACCEPT_REST_MS = 10;

/** The oltp tier as the gateway uses it. */
@Injectable()
export class OltpClient {
  readonly #tier: TierClient;

  readonly #reservations: GatheredCalls;
  /** Not repeated on a lost connection: the second answer would deny what the first had done. */
  readonly #acceptances: GatheredCalls;

  constructor(tiers: TierClients) {
    this.#tier = tiers.of('oltp');
    const reserve = '/internal/idempotency:reserve_together';
    this.#reservations = tiers.gathered('oltp', { path: reserve, idempotent: true });
    this.#acceptances = tiers.gathered('oltp', {
      path: '/internal/emails:accept_together',
      restMs: ACCEPT_REST_MS,
    });
  }

  /** Null for a key that does not count. @throws Problem 503 when that cannot be found out */
  async resolveKey(key: ParsedKey, requestId: string): Promise<KeyIdentity | null> {
    const body = { tenant_id: key.tenantId, key_sha256: key.sha256 };
    const path = '/internal/keys:resolve';
    const request = { method: 'POST', path, body, requestId } as const;
    try {
      const options = { deadlineMs: RESOLVE_MS, idempotent: true };
      return (await this.#tier.request<KeyIdentity>({ ...request, ...options })).body;
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      if (error.code === 'key_unknown') return null;
      // Any other refusal is about our request, not about the caller's key.
      throw tierDown('oltp', error);
    }
  }

  /** Reserves an Idempotency-Key. The holder may ask again, so a lost connection may repeat it. */
  async reserve(call: Call, claim: IdempotencyClaim, fingerprint: string): Promise<Reservation> {
    const json = JSON.stringify({ ...claim, fingerprint });
    const path = '/internal/idempotency:reserve';
    const request = { ...call, method: 'POST', path, json, idempotent: true } as const;
    return (await this.#reservations.request<Reservation>(request)).body;
  }

  release(call: Call, claim: IdempotencyClaim): Promise<void> {
    return this.#post(call, '/internal/idempotency:release', claim, true);
  }

  createTenant(call: Call, body: object): Promise<Tenant> {
    return this.#post(call, '/internal/tenants', body);
  }

  createApiKey(call: Call, body: object): Promise<ApiKey> {
    return this.#post(call, '/internal/api-keys', body);
  }

  async acceptEmail(call: Call, email: NewEmail): Promise<Email> {
    const json = JSON.stringify(email);
    const request = { ...call, method: 'POST', path: '/internal/emails', json } as const;
    return (await this.#acceptances.request<Email>(request)).body;
  }

  listEmails(call: Call, query: Readonly<Record<string, QueryValue>>): Promise<Page<Email>> {
    return this.#get(call, '/internal/emails', query);
  }

  getEmail(call: Call, id: string): Promise<StoredEmail> {
    return this.#get(call, `/internal/emails/${id}`);
  }

  cancelEmail(call: Call, id: string): Promise<Email> {
    return this.#post(call, `/internal/emails/${id}/cancel`, undefined);
  }

  async #get<T>(call: Call, path: string, query?: Readonly<Record<string, QueryValue>>) {
    return (await this.#tier.request<T>({ ...call, method: 'GET', path, query })).body;
  }

  async #post<T>(call: Call, path: string, body: unknown, idempotent = false): Promise<T> {
    const request = { ...call, method: 'POST', path, body, idempotent } as const;
    return (await this.#tier.request<T>(request)).body;
  }
}
