import { Type } from 'class-transformer';
import {
  IsDefined,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { IdempotencyClaimRequest } from '../idempotency/idempotency.requests.js';

export class OwnerRequest {
  @IsString()
  @MaxLength(254)
  email: string;

  @Length(1, 200)
  @Matches(/^\P{Cc}*$/u)
  name: string;
}

export class CreateTenantRequest {
  @Length(1, 200)
  @Matches(/^\P{Cc}*$/u)
  name: string;

  /** Part of a domain name: letters, digits and inner hyphens, at most 50. */
  @Matches(/^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/)
  slug: string;

  @IsDefined()
  @ValidateNested()
  @Type(() => OwnerRequest)
  owner: OwnerRequest;

  @IsOptional()
  @ValidateNested()
  @Type(() => IdempotencyClaimRequest)
  idempotency?: IdempotencyClaimRequest;
}
