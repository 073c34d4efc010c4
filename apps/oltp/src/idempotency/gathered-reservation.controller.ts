import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import {
  checkBody,
  type GatheredAnswers,
  GatheredDesk,
  type ProvenCall,
  ServiceRoute,
  settleEach,
} from '@penguinmails/http';
import { ReserveKeyRequest } from './idempotency.requests.js';
import { isPlainReservation } from './plain-claim.js';
import { ReserveTogether } from './reserve-together.js';

const ANYBODY_WITH_A_KEY = { kind: 'tenant_or_platform', scopes: [] } as const;

/** Reservations that the gateway has gathered from requests of several tenants. */
@Controller('internal')
export class GatheredReservationController {
  constructor(
    private readonly desk: GatheredDesk,
    private readonly reserving: ReserveTogether,
  ) {}

  @Post('idempotency::reserve_together')
  @HttpCode(200)
  @ServiceRoute('gateway')
  async reserve(@Body() batch: unknown): Promise<GatheredAnswers> {
    return await this.desk.answer(batch, ANYBODY_WITH_A_KEY, (calls) =>
      settleEach(calls, readCall, (read) => this.reserving.execute(read)),
    );
  }
}

async function readCall({ caller, body }: ProvenCall) {
  const request = isPlainReservation(body) ? body : await checkBody(ReserveKeyRequest, body);
  const { fingerprint, ...claim } = request;
  return { tenantId: caller.tenantId, claim, fingerprint };
}
