import { unauthorized } from '../problem/problems.js';
import {
  type ServiceTokenExpectation,
  type VerifiedCaller,
  verifyServiceToken,
} from '../token/verify-service-token.js';
import type { Authenticator } from './authenticator.js';
import type { Caller } from './caller.js';
import type { PlatformRequest } from './platform-request.js';

const MAX_KEPT = 10_000;
const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]+)$/;

/** The bearer credential of a request. @throws Problem 401 when there is none */
export function bearerOf(request: { headers: { authorization?: string } }): string {
  const match = BEARER.exec(request.headers.authorization ?? '');
  if (!match) throw unauthorized();
  return match[1];
}

/**
 * The guard of a tier's internal port: a service token of the gateway or the worker, or nothing.
 * A verified token is remembered until it expires, since a verification costs 0.15 ms.
 */
export class ServiceTokenAuthenticator implements Authenticator {
  readonly #verified = new Map<string, VerifiedCaller>();

  constructor(private readonly expectation: ServiceTokenExpectation) {}

  async authenticate(request: PlatformRequest): Promise<Caller> {
    const token = bearerOf(request);
    const { caller } = this.#known(token) ?? (await this.#verify(token));
    return { ...caller, requestId: request.id };
  }

  #known(token: string): VerifiedCaller | undefined {
    const verified = this.#verified.get(token);
    if (verified && verified.expiresAt > Date.now()) return verified;
    this.#verified.delete(token);
    return undefined;
  }

  async #verify(token: string): Promise<VerifiedCaller> {
    const verified = await verifyServiceToken(token, this.expectation);
    if (this.#verified.size >= MAX_KEPT) this.#verified.clear();
    this.#verified.set(token, verified);
    return verified;
  }
}
