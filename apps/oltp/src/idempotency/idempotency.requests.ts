import { IsIn, IsNotEmpty, IsString, MaxLength } from 'class-validator';

export const METHODS: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE'];
export const MAX_KEY = 255;
export const MAX_ROUTE = 200;
export const MAX_HOLDER = 64;
export const MAX_FINGERPRINT = 128;

/** An Idempotency-Key in the hands of one request of the gateway. */
export class IdempotencyClaimRequest {
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_KEY)
  key: string;

  @IsIn([...METHODS])
  method: string;

  /** The route's template, not its path. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_ROUTE)
  route: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_HOLDER)
  holder: string;
}

export class ReserveKeyRequest extends IdempotencyClaimRequest {
  /** Hash of the request, made by the gateway; opaque here. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_FINGERPRINT)
  fingerprint: string;
}
