import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import {
  BodyLimit,
  checkBody,
  type GatheredAnswers,
  GatheredDesk,
  type ProvenCall,
  ServiceRoute,
  settleEach,
} from '@penguinmails/http';
import { acceptCommandOf } from './accept-command.js';
import { AcceptTogether } from './accept-together.js';
import { AcceptEmailRequest } from './email.requests.js';
import { isPlainEmail } from './plain-email.js';

const SENDERS = { kind: 'tenant', scopes: ['emails:send'] } as const;
const BATCH_LIMIT_BYTES = 2 * 1024 * 1024;

/** Acceptances that the gateway has gathered from requests of several tenants. */
@Controller('internal')
export class GatheredEmailController {
  constructor(
    private readonly desk: GatheredDesk,
    private readonly accepting: AcceptTogether,
  ) {}

  @Post('emails::accept_together')
  @HttpCode(200)
  @ServiceRoute('gateway')
  @BodyLimit(BATCH_LIMIT_BYTES)
  async accept(@Body() batch: unknown): Promise<GatheredAnswers> {
    return await this.desk.answer(batch, SENDERS, (calls) =>
      settleEach(calls, readCall, (read) => this.accepting.execute(read)),
    );
  }
}

async function readCall({ caller, body, trace }: ProvenCall) {
  const request = isPlainEmail(body) ? body : await checkBody(AcceptEmailRequest, body);
  const command = acceptCommandOf(request);
  return { caller, command, trace };
}
