import { Type } from 'class-transformer';
import {
  ArrayUnique,
  IsArray,
  IsIn,
  IsISO8601,
  IsOptional,
  IsUUID,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { IdempotencyClaimRequest } from '../idempotency/idempotency.requests.js';
import { type KeyMode, type TenantScope, tenantScopes } from './api-key.js';

export class ResolveKeyRequest {
  @IsUUID()
  tenant_id: string;

  @Matches(/^[0-9a-f]{64}$/)
  key_sha256: string;
}

export class CreateApiKeyRequest {
  @Length(1, 100)
  @Matches(/^\P{Cc}*$/u)
  name: string;

  @IsIn(['live', 'test'])
  mode: KeyMode;

  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(tenantScopes, { each: true })
  scopes?: TenantScope[];

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  expires_at?: string | null;

  @IsOptional()
  @ValidateNested()
  @Type(() => IdempotencyClaimRequest)
  idempotency?: IdempotencyClaimRequest;
}
