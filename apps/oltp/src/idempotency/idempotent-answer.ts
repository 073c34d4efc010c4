import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { conflict } from '@penguinmails/http/problem';
import { type IdempotencyClaim, IdempotencyRepository } from './idempotency.repository.js';

/**
 * Ties a write to its Idempotency-Key: `hold` comes first and `store` last in the write's own
 * transaction. Without a claim (the client sent no key) both do nothing.
 */
@Injectable()
export class IdempotentAnswer {
  constructor(private readonly keys: IdempotencyRepository) {}

  /**
   * Locks the key until the end of the transaction.
   * @throws Problem 409 `idempotency_holder_lost` when another request has taken the key over
   */
  async hold(tx: TenantTransaction, claim: IdempotencyClaim | undefined): Promise<void> {
    if (!claim || (await this.keys.lock(tx, claim))) return;
    throw conflict(
      'idempotency_holder_lost',
      'Another request with this Idempotency-Key has taken over. Nothing was changed.',
    );
  }

  /** @param response what a replay is answered with; it must hold no secret */
  async store(
    tx: TenantTransaction,
    claim: IdempotencyClaim | undefined,
    status: number,
    response: unknown,
  ): Promise<void> {
    if (claim) await this.keys.complete(tx, claim, { status, response });
  }
}
