import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { type Caller, CurrentCaller, ServiceRoute, TenantRoute } from '@penguinmails/http';
import type { ApiKeyResource } from './api-key-resource.js';
import { CreateApiKeyRequest, ResolveKeyRequest } from './api-key.requests.js';
import { CreateApiKey } from './create-api-key.js';
import { type KeyIdentity, ResolveKey } from './resolve-key.js';

@Controller('internal')
export class ApiKeyController {
  constructor(
    private readonly resolving: ResolveKey,
    private readonly creating: CreateApiKey,
  ) {}

  @Post('keys::resolve')
  @HttpCode(200)
  @ServiceRoute('gateway')
  async resolve(@Body() request: ResolveKeyRequest): Promise<KeyIdentity> {
    const sha256 = Buffer.from(request.key_sha256, 'hex');
    return await this.resolving.execute(request.tenant_id.toLowerCase(), sha256);
  }

  @Post('api-keys')
  @TenantRoute('api_keys:write')
  async create(
    @CurrentCaller() caller: Caller,
    @Body() { name, mode, scopes, expires_at, idempotency }: CreateApiKeyRequest,
  ): Promise<ApiKeyResource> {
    const expiresAt = expires_at ? new Date(expires_at) : null;
    return await this.creating.execute(caller, { name, mode, scopes, expiresAt, idempotency });
  }
}
