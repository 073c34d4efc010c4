import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { GrantSigner, type RenewedJob } from '../lease/grant-signer.js';
import type { Renewal } from '../lease/renew-leases.js';
import { batchKeyOf } from './batch-key.js';
import type { BatchHeartbeatRequest } from './batch-lease.requests.js';
import { type BatchClaim, BatchLeaseSystemRepository } from './batch-lease.system.repository.js';
import { BatchTypes } from './batch-types.js';
import { grantedBatch } from './granted-batch.js';
import type { HeldBatch } from './leased-batch.js';

/** Extends leases of batches under their tokens, with fresh grants that end when the lease does. */
@Injectable()
export class RenewBatchLeases {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: BatchLeaseSystemRepository,
    private readonly types: BatchTypes,
    private readonly signer: GrantSigner,
  ) {}

  async execute({ leases }: BatchHeartbeatRequest): Promise<Omit<Renewal, 'cancelled'>> {
    const asked = leases.flatMap(({ lease_token: leaseToken, batches }) =>
      batches.map(({ tenant_id, id }) => ({ tenantId: tenant_id, batchId: id, leaseToken })),
    );
    const held = await this.database.once((tx) =>
      this.repository.renew(tx, asked, this.types.shortestLeaseMs()),
    );
    const kept = new Set(held.map(claimKey));
    return {
      expiresAt: held.at(0)?.expiresAt ?? null,
      lost: asked.filter((claim) => !kept.has(claimKey(claim))).map(({ batchId }) => batchId),
      grants: await this.signer.signAgain(held.map(renewedBatch)),
    };
  }
}

function renewedBatch(batch: HeldBatch): RenewedJob {
  const { leaseToken, expiresAt } = batch;
  return { ...grantedBatch(batch), leaseToken, expiresAt };
}

function claimKey(claim: BatchClaim): string {
  return `${batchKeyOf(claim)}/${claim.leaseToken}`;
}
