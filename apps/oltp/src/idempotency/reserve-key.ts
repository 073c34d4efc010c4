import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import {
  type IdempotencyClaim,
  IdempotencyRepository,
  type StoredAnswer,
} from './idempotency.repository.js';

export type Reservation =
  | { readonly state: 'reserved' | 'in_progress' | 'mismatch' }
  | { readonly state: 'done'; readonly status: number | null; readonly response: unknown };

/** Reserves an Idempotency-Key for one request before anything lasting happens. */
@Injectable()
export class ReserveKey {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly keys: IdempotencyRepository,
  ) {}

  async execute(
    tenantId: string,
    claim: IdempotencyClaim,
    fingerprint: string,
  ): Promise<Reservation> {
    return await this.tenants.transaction(tenantId, async (tx) => {
      if (await this.keys.reserve(tx, claim, fingerprint)) return { state: 'reserved' };
      // A statement of its own: the reservation may have waited for one that it could not yet see.
      return stateFor(await this.keys.find(tx, claim), fingerprint);
    });
  }
}

/** A key released since then is reported as running: the caller's retry finds it free. */
function stateFor(stored: StoredAnswer | null, fingerprint: string): Reservation {
  if (!stored) return { state: 'in_progress' };
  if (stored.fingerprint !== fingerprint) return { state: 'mismatch' };
  if (stored.state === 'in_progress') return { state: 'in_progress' };
  return { state: 'done', status: stored.status, response: stored.response };
}
