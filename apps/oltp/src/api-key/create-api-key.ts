import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import { TenantDatabase, type TenantTransaction } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { forbidden, unprocessable } from '@penguinmails/http/problem';
import { AuditRepository } from '../audit/audit.repository.js';
import { auditedBy } from '../audit/audited-by.js';
import type { IdempotencyClaim } from '../idempotency/idempotency.repository.js';
import { IdempotentAnswer } from '../idempotency/idempotent-answer.js';
import { TenantRepository } from '../tenant/tenant.repository.js';
import { type KeyMode, mintTenantKey, type TenantScope, tenantScopes } from './api-key.js';
import { type ApiKeyResource, apiKeyResource, withoutSecret } from './api-key-resource.js';
import { ApiKeyRepository } from './api-key.repository.js';

export interface NewKeyCommand {
  readonly name: string;
  readonly mode: KeyMode;
  /** Default: those of the key that asks. */
  readonly scopes?: readonly TenantScope[];
  readonly expiresAt: Date | null;
  readonly idempotency?: IdempotencyClaim;
}

/** Makes a further key of the caller's tenant. It can do no more than the key that asks for it. */
@Injectable()
export class CreateApiKey {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly keys: ApiKeyRepository,
    private readonly owners: TenantRepository,
    private readonly audit: AuditRepository,
    private readonly answers: IdempotentAnswer,
  ) {}

  /** @returns the key with its secret, which is stored nowhere */
  async execute(caller: Caller, command: NewKeyCommand): Promise<ApiKeyResource> {
    const scopes = allowedScopes(caller, command);
    return await this.tenants.transaction(caller.tenantId, async (tx) => {
      await this.answers.hold(tx, command.idempotency);
      const resource = await this.insert(tx, caller, { ...command, scopes });
      await this.audit.append(tx, {
        ...auditedBy(caller),
        action: 'api_key.created',
        subjectKind: 'api_key',
        subjectId: resource.id,
        details: { mode: resource.mode, scopes },
      });
      await this.answers.store(tx, command.idempotency, 201, withoutSecret(resource));
      return resource;
    });
  }

  private async insert(
    tx: TenantTransaction,
    caller: Caller,
    command: NewKeyCommand & { readonly scopes: readonly TenantScope[] },
  ): Promise<ApiKeyResource> {
    const { key, prefix, sha256 } = mintTenantKey(tx.tenantId, command.mode);
    const userId = caller.actor.userId ?? (await this.owners.ownerId(tx));
    const { name, mode, expiresAt } = command;
    const row = { id: newId(), name, prefix, keySha256: sha256, mode, userId, expiresAt };
    const [stored] = await this.keys.insert(tx, [{ ...row, scopes: [...command.scopes] }]);
    return apiKeyResource(stored, key);
  }
}

function allowedScopes(caller: Caller, command: NewKeyCommand): readonly TenantScope[] {
  if (command.expiresAt && command.expiresAt.getTime() <= Date.now()) throw expiresInThePast();
  if (caller.mode === 'test' && command.mode === 'live')
    throw forbidden('mode_not_allowed', 'A test key cannot make a live key.');
  const held = tenantScopes.filter((scope) => caller.scopes.includes(scope));
  const wanted = command.scopes ?? held;
  if (wanted.some((scope) => !held.includes(scope)))
    throw forbidden('scope_not_allowed', 'A key cannot give scopes that it does not have.');
  return wanted;
}

function expiresInThePast() {
  return unprocessable([
    { pointer: '/expires_at', code: 'in_the_past', detail: 'expires_at must be in the future.' },
  ]);
}
