import { IsIn, IsNotEmpty, IsString, MaxLength } from 'class-validator';

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'];

/** An Idempotency-Key in the hands of one request of the gateway. */
export class IdempotencyClaimRequest {
  @IsString()
  @IsNotEmpty()
  @MaxLength(255)
  key: string;

  @IsIn(METHODS)
  method: string;

  /** The route's template, not its path. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  route: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  holder: string;
}

export class ReserveKeyRequest extends IdempotencyClaimRequest {
  /** Hash of the request, made by the gateway; opaque here. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  fingerprint: string;
}
