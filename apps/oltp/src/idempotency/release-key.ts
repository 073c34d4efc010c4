import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { type IdempotencyClaim, IdempotencyRepository } from './idempotency.repository.js';

/** Gives a key back after a request that changed nothing, so that a retry need not wait. */
@Injectable()
export class ReleaseKey {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly keys: IdempotencyRepository,
  ) {}

  async execute(tenantId: string, claim: IdempotencyClaim): Promise<void> {
    await this.tenants.once(tenantId, (tx) => this.keys.release(tx, claim));
  }
}
