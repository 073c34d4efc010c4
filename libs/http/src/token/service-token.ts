import type { Tier } from '@penguinmails/contracts';
import { type JWTPayload, SignJWT } from 'jose';
import type { Actor, Caller, Mode } from '../access/caller.js';
import { privateKeyOf, type TokenKey } from './keys.js';
import { SERVICE_TOKEN_TYPE, TOKEN_SECONDS } from './token-claims.js';

/** What a service token says beside its issuer. Without a tenant the service acts for itself. */
export interface ServiceTokenClaims {
  readonly audience: Tier;
  readonly tenantId?: string;
  readonly actor?: Actor;
  readonly mode?: Mode;
  readonly scopes?: readonly string[];
}

/**
 * Signs a token that one tier accepts for 60 s. Prefer {@link ServiceTokenSigner}, which keeps them.
 * @param now milliseconds since the epoch, by the clock of whoever will check it
 */
export function signServiceToken(
  key: TokenKey,
  claims: ServiceTokenClaims,
  now = Date.now(),
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  const { audience, tenantId, actor, mode, scopes } = claims;
  const payload: JWTPayload = { tid: tenantId, act: actor, mode, scp: scopes };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', typ: SERVICE_TOKEN_TYPE })
    .setIssuer(key.issuer)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + TOKEN_SECONDS)
    .sign(privateKeyOf(key));
}

/** The claims that carry a caller to a tier; none for a service on its own account. */
export function claimsOf(audience: Tier, caller?: Caller): ServiceTokenClaims {
  if (!caller || caller.actor.kind === 'system') return { audience };
  const { tenantId, actor, mode, scopes } = caller;
  return { audience, tenantId, actor, mode, scopes };
}

const REUSE_MS = 30_000;
const MAX_KEPT = 10_000;
/** Tiers forgive 5 s: less than this is not why a token was refused. */
const NOTICED_MS = 4_000;
const LAST_BELIEVED_MS = 3_600_000;

/**
 * Signs service tokens and uses each again for 30 s of its 60, since a signature costs 0.1 ms. A tier
 * that refuses a token tells its time: where our own clock is wrong, tokens are signed by theirs.
 */
export class ServiceTokenSigner {
  /** How far our clock is behind the tiers', in milliseconds. */
  #behind = 0;
  readonly #kept = new Map<string, { readonly token: Promise<string>; readonly until: number }>();

  constructor(private readonly key: TokenKey) {}

  /** A token of the caller for that tier; without a caller, of the service itself. */
  token(audience: Tier, caller?: Caller): Promise<string> {
    const claims = claimsOf(audience, caller);
    const id = JSON.stringify(claims);
    const kept = this.#kept.get(id);
    if (kept && kept.until > Date.now()) return kept.token;
    return this.#sign(id, claims);
  }

  /**
   * Looks at the time of a tier that refused a token.
   * @param date its Date header (RFC 9110), whole seconds
   * @returns whether that explains it: tokens are signed by the tier's clock from now on
   */
  correctClock(date: string | undefined): boolean {
    const behind = Date.parse(date ?? '') - Date.now();
    if (!(Math.abs(behind) < LAST_BELIEVED_MS) || Math.abs(behind - this.#behind) < NOTICED_MS)
      return false;
    this.#behind = behind;
    this.#kept.clear();
    return true;
  }

  #sign(id: string, claims: ServiceTokenClaims): Promise<string> {
    // Dropping all at once keeps this simple; the next calls sign anew.
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    const token = signServiceToken(this.key, claims, Date.now() + this.#behind);
    this.#kept.set(id, { token, until: Date.now() + REUSE_MS });
    return token;
  }
}
