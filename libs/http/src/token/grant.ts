import type { PublicKeys } from '@penguinmails/config';
import { isUuid, type Tier } from '@penguinmails/contracts';
import { type JWTPayload, SignJWT } from 'jose';
import { unauthorized } from '../problem/problems.js';
import { privateKeyOf, type TokenKey } from './keys.js';
import { BadToken, GRANT_TYPE, type VerifiedToken, verifyToken } from './token-claims.js';

/** The parts of one tenant's leased jobs. They are granted for this tenant and for no other. */
export interface TenantGrant {
  readonly tenantId: string;
  readonly jobIds: readonly string[];
  readonly contentKeys: readonly string[];
  readonly mailboxIds: readonly string[];
}

/** What queue lets a worker ask oltp and content for: the parts of the jobs it has leased. */
export interface Grant {
  readonly tenants: readonly TenantGrant[];
  readonly leaseToken: string;
  /** The end of the lease. */
  readonly expiresAt: Date;
}

// A grant ends with its lease: a clock that is behind may stretch it by this much only.
const CLOCK_TOLERANCE_SECONDS = 1;
/** Longer grants are not read, in characters: queue has to keep below it (its `GrantSigner`). */
export const MAX_GRANT_LENGTH = 131_072;
const AUDIENCES: Tier[] = ['oltp', 'content'];

/** Signs a grant with queue's key; it travels in request bodies. */
export function signGrant(queueKey: TokenKey, grant: Grant): Promise<string> {
  const payload: JWTPayload = {
    tenants: grant.tenants.map(({ tenantId, jobIds, contentKeys, mailboxIds }) => ({
      tid: tenantId,
      jobs: jobIds,
      contents: contentKeys,
      mailboxes: mailboxIds,
    })),
    lease: grant.leaseToken,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', typ: GRANT_TYPE })
    .setIssuer(queueKey.issuer)
    .setAudience(AUDIENCES)
    .setIssuedAt()
    .setExpirationTime(grant.expiresAt)
    .sign(privateKeyOf(queueKey));
}

/**
 * @param audience the tier that is asked
 * @throws Problem 401 `invalid_grant` unless it was signed with queue's key, is meant for that tier
 * and its lease still runs
 */
export async function verifyGrant(
  publicKeys: PublicKeys,
  token: string,
  audience: Tier = 'oltp',
): Promise<Grant> {
  try {
    return toGrant(
      await verifyToken(token, {
        publicKeys,
        audience,
        type: GRANT_TYPE,
        issuers: ['queue'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        maxLength: MAX_GRANT_LENGTH,
      }),
    );
  } catch (error) {
    if (error instanceof BadToken) throw unauthorized('invalid_grant', error);
    throw error;
  }
}

function toGrant({ payload }: VerifiedToken): Grant {
  const { lease, exp } = payload;
  if (typeof lease !== 'string') throw new BadToken('without a lease');
  return {
    tenants: partsOf(payload).map(tenantGrant),
    leaseToken: lease,
    expiresAt: new Date(exp * 1000),
  };
}

/** A queue from before ADR 29 signs for one tenant, whose claims are those of the token itself. */
function partsOf(payload: JWTPayload): readonly unknown[] {
  const { tenants, tid } = payload;
  if (tenants === undefined) return [payload];
  if (!Array.isArray(tenants) || tid !== undefined) throw new BadToken('not a list of tenants');
  return tenants;
}

function tenantGrant(part: unknown): TenantGrant {
  if (typeof part !== 'object' || part === null) throw new BadToken('not a tenant');
  const { tid, jobs, contents, mailboxes } = part as Record<string, unknown>;
  if (!isUuid(tid)) throw new BadToken('tenant is not an id');
  return {
    tenantId: tid,
    jobIds: textsOf(jobs),
    contentKeys: textsOf(contents),
    mailboxIds: textsOf(mailboxes),
  };
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new BadToken('not a list of texts');
}
