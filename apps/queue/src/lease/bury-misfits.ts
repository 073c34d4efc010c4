import { Injectable } from '@nestjs/common';
import { FinishJobs } from '../finish/finish-jobs.js';
import type { FinishResult } from '../finish/finish-result.js';
import type { LeasedJob } from './leased-job.js';

/** Longest names that a grant takes, in UTF-16 units: the sum is `GrantSigner`'s. */
const STORAGE_KEY_LENGTH = 64;
const MAILBOX_ID_LENGTH = 36;

/**
 * Plain SQL stores any payload. One that no grant can name would spoil the grant it is in, and with it
 * all jobs of the lease: it is buried before it is handed out.
 */
@Injectable()
export class BuryMisfits {
  constructor(private readonly finishJobs: FinishJobs) {}

  /** @returns those of the claimed jobs that may be handed out */
  async outOf(jobs: readonly LeasedJob[], leaseToken: string): Promise<readonly LeasedJob[]> {
    const misfits = jobs.filter((job) => !isGrantable(job));
    if (misfits.length === 0) return jobs;
    await this.finishJobs.execute(misfits.map((job) => refusal(job, leaseToken)));
    return jobs.filter(isGrantable);
  }
}

/** Whatever its type says, the row may hold any JSON. */
function isGrantable({ payload }: { readonly payload: unknown }): boolean {
  if (typeof payload !== 'object' || payload === null) return false;
  const { storage_key, mailbox_id } = payload as Record<string, unknown>;
  return isName(storage_key, STORAGE_KEY_LENGTH) && isName(mailbox_id, MAILBOX_ID_LENGTH);
}

function isName(value: unknown, longest: number): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'string' && value.length <= longest;
}

function refusal({ tenantId, jobId }: LeasedJob, leaseToken: string): FinishResult {
  const now = new Date().toISOString();
  return {
    tenant_id: tenantId,
    job_id: jobId,
    lease_token: leaseToken,
    kind: 'failed',
    code: null,
    enhanced_code: null,
    error_code: 'payload_invalid',
    reply: null,
    started_at: now,
    finished_at: now,
  };
}
