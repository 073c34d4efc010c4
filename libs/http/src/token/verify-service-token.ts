import type { PublicKeys } from '@penguinmails/config';
import { isUuid, PLATFORM_TENANT_ID, type Tier } from '@penguinmails/contracts';
import type { Actor, Caller, Mode } from '../access/caller.js';
import { unauthorized } from '../problem/problems.js';
import {
  BadToken,
  SERVICE_TOKEN_TYPE,
  TOKEN_SECONDS,
  type VerifiedToken,
  verifyToken,
} from './token-claims.js';

const CLOCK_TOLERANCE_SECONDS = 5;
const MAX_LENGTH = 8192;

/** What a tier expects of a service token. */
export interface ServiceTokenExpectation {
  readonly publicKeys: PublicKeys;
  readonly audience: Tier;
}

/** A caller and until when the token vouches for it, in milliseconds since the epoch. */
export interface VerifiedCaller {
  readonly caller: Omit<Caller, 'requestId'>;
  readonly expiresAt: number;
}

/**
 * @throws Problem 401 `invalid_service_token`, the same for everything that can be wrong: not EdDSA, a
 * wrong key, another audience, expired, longer than 60 s, a tenant under another key than the gateway's
 */
export async function verifyServiceToken(
  token: string,
  { publicKeys, audience }: ServiceTokenExpectation,
): Promise<VerifiedCaller> {
  const expected = {
    publicKeys,
    audience,
    type: SERVICE_TOKEN_TYPE,
    issuers: ['gateway', 'worker'] as const,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    maxLength: MAX_LENGTH,
  };
  try {
    return toCaller(await verifyToken(token, expected));
  } catch (error) {
    if (error instanceof BadToken) throw unauthorized('invalid_service_token', error);
    throw error;
  }
}

function toCaller({ issuer, payload }: VerifiedToken): VerifiedCaller {
  if (payload.exp - payload.iat > TOKEN_SECONDS) throw new BadToken('lives too long');
  const expiresAt = payload.exp * 1000;
  if (payload.tid === undefined && payload.act === undefined) {
    const actor: Actor = { kind: 'system', id: issuer };
    const nobody = { tenantId: PLATFORM_TENANT_ID, mode: 'live', scopes: [] } as const;
    return { caller: { service: issuer, actor, ...nobody }, expiresAt };
  }
  if (issuer !== 'gateway') throw new BadToken('a tenant under another key than the gateway’s');
  return { caller: { service: issuer, ...tenantOf(payload) }, expiresAt };
}

function tenantOf(payload: VerifiedToken['payload']) {
  const { tid, act, mode, scp } = payload;
  if (!isUuid(tid)) throw new BadToken('tenant is not an id');
  if (mode !== 'live' && mode !== 'test') throw new BadToken('without a mode');
  if (!isTexts(scp)) throw new BadToken('scopes are not texts');
  const actor = actorOf(act);
  if ((actor.kind === 'platform_key') !== (tid === PLATFORM_TENANT_ID))
    throw new BadToken('tenant and kind of actor disagree');
  return { tenantId: tid, mode: mode as Mode, scopes: scp, actor };
}

function actorOf(value: unknown): Actor {
  if (typeof value !== 'object' || value === null) throw new BadToken('without an actor');
  const { kind, id, userId } = value as Partial<Actor>;
  if (kind !== 'api_key' && kind !== 'platform_key') throw new BadToken('actor of another kind');
  if (typeof id !== 'string') throw new BadToken('actor without an id');
  return { kind, id, ...(typeof userId === 'string' && { userId }) };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
