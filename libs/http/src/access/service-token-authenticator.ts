import { unauthorized } from '../problem/problems.js';
import type { ServiceTokenExpectation } from '../token/verify-service-token.js';
import type { Authenticator } from './authenticator.js';
import type { Caller } from './caller.js';
import type { PlatformRequest } from './platform-request.js';
import { VerifiedTokens } from './verified-tokens.js';

const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]+)$/;

/** The bearer credential of a request. @throws Problem 401 when there is none */
export function bearerOf(request: { headers: { authorization?: string } }): string {
  const match = BEARER.exec(request.headers.authorization ?? '');
  if (!match) throw unauthorized();
  return match[1];
}

/** The guard of a tier's internal port: a service token of the gateway or the worker, or nothing. */
export class ServiceTokenAuthenticator implements Authenticator {
  readonly #tokens: VerifiedTokens;

  constructor(expectation: ServiceTokenExpectation) {
    this.#tokens = new VerifiedTokens(expectation);
  }

  async authenticate(request: PlatformRequest): Promise<Caller> {
    const { caller } = await this.#tokens.verify(bearerOf(request));
    return { ...caller, requestId: request.id };
  }
}
