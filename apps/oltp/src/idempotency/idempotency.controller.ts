import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { type Caller, CurrentCaller, TenantOrPlatformRoute } from '@penguinmails/http';
import { IdempotencyClaimRequest, ReserveKeyRequest } from './idempotency.requests.js';
import { ReleaseKey } from './release-key.js';
import { type Reservation, ReserveKey } from './reserve-key.js';

@Controller('internal')
export class IdempotencyController {
  constructor(
    private readonly reserving: ReserveKey,
    private readonly releasing: ReleaseKey,
  ) {}

  @Post('idempotency::reserve')
  @HttpCode(200)
  @TenantOrPlatformRoute()
  async reserve(
    @CurrentCaller() caller: Caller,
    @Body() { fingerprint, ...claim }: ReserveKeyRequest,
  ): Promise<Reservation> {
    return await this.reserving.execute(caller.tenantId, claim, fingerprint);
  }

  @Post('idempotency::release')
  @HttpCode(204)
  @TenantOrPlatformRoute()
  async release(
    @CurrentCaller() caller: Caller,
    @Body() claim: IdempotencyClaimRequest,
  ): Promise<void> {
    await this.releasing.execute(caller.tenantId, claim);
  }
}
