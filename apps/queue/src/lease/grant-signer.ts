import { signGrant, type TenantGrant, type TokenKey } from '@penguinmails/http';
import type { JobKey } from '../job/unfinished-job.js';
import type { GrantedPayload } from './leased-job.js';

/** A job that a grant may name. */
export interface GrantedJob extends JobKey {
  readonly payload: GrantedPayload;
}

/** A grant under one lease, for jobs of any number of tenants. */
export interface LeaseGrant {
  readonly lease_token: string;
  readonly grant: string;
}

/** A granted job under a lease that was renewed. */
export interface RenewedJob extends GrantedJob {
  readonly leaseToken: string;
  readonly expiresAt: Date;
}

/**
 * A lease of 500 jobs has four grants. A job of a tenant that has no other takes 728 characters if its names
 * are the longest that may be leased (`BuryMisfits`) and every one of their characters is escaped: 91,000
 * for these, and a third more as base64. A grant may have 131,072 (`MAX_GRANT_LENGTH`).
 */
const JOBS_PER_GRANT = 125;

/**
 * Signs what a lease entitles its worker to ask oltp and content for, all tenants together: signing and
 * verifying cost far more than what is signed.
 */
export class GrantSigner {
  constructor(private readonly key: TokenKey) {}

  async sign(
    jobs: readonly GrantedJob[],
    leaseToken: string,
    expiresAt: Date,
  ): Promise<LeaseGrant[]> {
    return Promise.all(
      portionsOf(jobs).map(async (some) => {
        const grant = { tenants: tenantsOf(some), leaseToken, expiresAt };
        return { lease_token: leaseToken, grant: await signGrant(this.key, grant) };
      }),
    );
  }

  /** Anew for leases that were renewed, each to its own end. */
  async signAgain(held: readonly RenewedJob[]): Promise<LeaseGrant[]> {
    const leases = Map.groupBy(held, (job) => job.leaseToken);
    const signed = [...leases].map(([token, own]) => this.sign(own, token, own[0].expiresAt));
    return (await Promise.all(signed)).flat();
  }
}

/** Jobs of one tenant side by side, so that few grants name it. */
function portionsOf(jobs: readonly GrantedJob[]): GrantedJob[][] {
  const ordered = [...byTenant(jobs).values()].flat();
  return Array.from({ length: Math.ceil(ordered.length / JOBS_PER_GRANT) }, (_, at) =>
    ordered.slice(at * JOBS_PER_GRANT, (at + 1) * JOBS_PER_GRANT),
  );
}

function tenantsOf(jobs: readonly GrantedJob[]): TenantGrant[] {
  return [...byTenant(jobs)].map(([tenantId, own]) => ({
    tenantId,
    jobIds: own.map((job) => job.jobId),
    contentKeys: distinct(own.map((job) => job.payload.storage_key)),
    mailboxIds: distinct(own.map((job) => job.payload.mailbox_id)),
  }));
}

function byTenant(jobs: readonly GrantedJob[]): Map<string, GrantedJob[]> {
  return Map.groupBy(jobs, (job) => job.tenantId);
}

function distinct(values: readonly (string | null | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined && value !== null))];
}
