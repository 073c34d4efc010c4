import { signGrant, type TokenKey } from '@penguinmails/http';
import type { JobKey } from '../job/unfinished-job.js';
import type { GrantedPayload } from './leased-job.js';

/** A job that a grant may name. */
export interface GrantedJob extends JobKey {
  readonly payload: GrantedPayload;
}

/** The grant of one tenant under one lease. */
export interface TenantGrant {
  readonly tenant_id: string;
  readonly lease_token: string;
  readonly grant: string;
}

/** A granted job under a lease that was renewed. */
export interface RenewedJob extends GrantedJob {
  readonly leaseToken: string;
  readonly expiresAt: Date;
}

/** Signs what a lease entitles its worker to ask oltp and content for, one grant a tenant. */
export class GrantSigner {
  constructor(private readonly key: TokenKey) {}

  async sign(
    jobs: readonly GrantedJob[],
    leaseToken: string,
    expiresAt: Date,
  ): Promise<TenantGrant[]> {
    const tenants = Map.groupBy(jobs, (job) => job.tenantId);
    return Promise.all(
      [...tenants].map(async ([tenantId, own]) => ({
        tenant_id: tenantId,
        lease_token: leaseToken,
        grant: await signGrant(this.key, grantOf(tenantId, own, leaseToken, expiresAt)),
      })),
    );
  }

  /** Anew for leases that were renewed, each to its own end. */
  async signAgain(held: readonly RenewedJob[]): Promise<TenantGrant[]> {
    const leases = Map.groupBy(held, (job) => job.leaseToken);
    const signed = [...leases].map(([token, own]) => this.sign(own, token, own[0].expiresAt));
    return (await Promise.all(signed)).flat();
  }
}

function grantOf(
  tenantId: string,
  jobs: readonly GrantedJob[],
  leaseToken: string,
  expiresAt: Date,
) {
  return {
    tenantId,
    jobIds: jobs.map((job) => job.jobId),
    contentKeys: distinct(jobs.map((job) => job.payload.storage_key)),
    mailboxIds: distinct(jobs.map((job) => job.payload.mailbox_id)),
    leaseToken,
    expiresAt,
  };
}

function distinct(values: readonly (string | null | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined && value !== null))];
}
