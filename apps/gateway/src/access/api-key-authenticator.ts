import { Injectable } from '@nestjs/common';
import {
  type Authenticator,
  bearerOf,
  type Caller,
  type PlatformRequest,
} from '@penguinmails/http';
import { forbidden, unauthorized } from '@penguinmails/http/problem';
import { OltpClient } from '../clients/oltp.client.js';
import { parseApiKey } from './api-key.js';
import { refuseCredentialInQuery } from './credential-in-query.js';
import { KeyDirectory, type KeyIdentity } from './key-directory.js';

/** Finds the caller of a public request by the API key in its Authorization header. */
@Injectable()
export class ApiKeyAuthenticator implements Authenticator {
  readonly #directory: KeyDirectory;

  constructor(oltp: OltpClient) {
    this.#directory = new KeyDirectory((key, requestId) => oltp.resolveKey(key, requestId));
  }

  /**
   * @throws Problem 401 for no key or an unknown one, 403 `tenant_suspended` or `tenant_not_active`,
   * 400 `credential_in_query`, 503 when a key it has not seen cannot be looked up
   */
  async authenticate(request: PlatformRequest): Promise<Caller> {
    refuseCredentialInQuery(request.query);
    const key = parseApiKey(bearerOf(request));
    const identity = key && (await this.#directory.find(key, request.id));
    if (!identity) throw unauthorized();
    assertActive(identity);
    return callerOf(identity, request.id);
  }
}

function assertActive({ tenant_status: status }: KeyIdentity): void {
  if (status === 'active') return;
  if (status === 'suspended') throw forbidden('tenant_suspended', 'The tenant is suspended.');
  throw forbidden('tenant_not_active', 'The tenant is not active.');
}

function callerOf(identity: KeyIdentity, requestId: string): Caller {
  const { key_id: id, kind, user_id: userId, tenant_id: tenantId, mode, scopes } = identity;
  const actorKind = kind === 'platform' ? 'platform_key' : 'api_key';
  return {
    service: 'gateway',
    tenantId,
    actor: { kind: actorKind, id, ...(userId !== null && { userId }) },
    mode,
    scopes,
    requestId,
  };
}
