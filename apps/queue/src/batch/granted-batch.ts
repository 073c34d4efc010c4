import type { GrantedJob } from '../lease/grant-signer.js';
import type { HeldBatch } from './leased-batch.js';

/** What a grant names of a batch: its id stands for those of its recipients. */
export function grantedBatch({
  tenantId,
  batchId,
  storageKey,
  payload,
}: Pick<HeldBatch, 'tenantId' | 'batchId' | 'storageKey' | 'payload'>): GrantedJob {
  const { mailbox_id } = payload;
  return {
    tenantId,
    jobId: batchId,
    payload: { ...(storageKey !== null && { storage_key: storageKey }), mailbox_id },
  };
}
