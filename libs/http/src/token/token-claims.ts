import { type PublicKeys, type TokenIssuer, tokenIssuers } from '@penguinmails/config';
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { publicKeyOf } from './keys.js';

/** The `typ` headers: a grant is no service token and the other way round. */
export const SERVICE_TOKEN_TYPE = 'pm-service+jwt';
export const GRANT_TYPE = 'pm-grant+jwt';

/** Longest life of a service token. */
export const TOKEN_SECONDS = 60;

/** Thrown for every token that does not count; the reason is for our logs only. */
export class BadToken extends Error {
  override readonly name = 'BadToken';
}

export interface TokenExpectation {
  readonly publicKeys: PublicKeys;
  readonly audience: string;
  readonly type: string;
  readonly issuers: readonly TokenIssuer[];
  /** Longer tokens are not even read, in characters. */
  readonly maxLength: number;
  /** How far apart clocks may be, in seconds. */
  readonly clockTolerance: number;
}

export interface VerifiedToken {
  readonly issuer: TokenIssuer;
  readonly payload: JWTPayload & { readonly iat: number; readonly exp: number };
}

/**
 * Checks signature (EdDSA only, the key of the issuer it names), type, audience and times. Keys come
 * from our configuration only: jku, jwk, x5u and kid in the header are not looked at.
 * @throws BadToken
 */
export async function verifyToken(
  token: string,
  expected: TokenExpectation,
): Promise<VerifiedToken> {
  if (token.length > expected.maxLength) throw new BadToken('too long');
  const issuer = issuerOf(token, expected.issuers);
  const key = publicKeyOf(expected.publicKeys, issuer);
  if (!key) throw new BadToken('issuer without a key');
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['EdDSA'],
      typ: expected.type,
      issuer,
      audience: expected.audience,
      clockTolerance: expected.clockTolerance,
    });
    return { issuer, payload: withTimes(payload, expected.clockTolerance) };
  } catch (cause) {
    throw cause instanceof BadToken ? cause : new BadToken('not acceptable', { cause });
  }
}

/** The issuer it claims; the signature check that follows holds it to that. */
function issuerOf(token: string, allowed: readonly TokenIssuer[]): TokenIssuer {
  let claimed: string | undefined;
  try {
    claimed = decodeJwt(token).iss;
  } catch (cause) {
    throw new BadToken('not a token', { cause });
  }
  const issuer = tokenIssuers.find((known) => known === claimed);
  if (!issuer || !allowed.includes(issuer)) throw new BadToken('issuer not accepted here');
  return issuer;
}

function withTimes(payload: JWTPayload, tolerance: number): VerifiedToken['payload'] {
  const { iat, exp } = payload;
  if (typeof iat !== 'number' || typeof exp !== 'number') throw new BadToken('without times');
  if (iat > Date.now() / 1000 + tolerance) throw new BadToken('issued in the future');
  return { ...payload, iat, exp };
}
