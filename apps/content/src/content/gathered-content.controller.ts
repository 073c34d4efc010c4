import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { isStorageKey } from '@penguinmails/contracts';
import {
  BodyLimit,
  checkBody,
  type GatheredAnswers,
  GatheredDesk,
  type ProvenCall,
  ServiceRoute,
  settleEach,
} from '@penguinmails/http';
import { unprocessable } from '@penguinmails/http/problem';
import { malformedKey } from './content.controller.js';
import { PutContentRequest } from './content.requests.js';
import { isPlainContent } from './plain-content.js';
import { PutTogether } from './put-together.js';

const SENDERS = { kind: 'tenant', scopes: ['emails:send'] } as const;
const BATCH_LIMIT_BYTES = 2 * 1024 * 1024;

/** Contents that the gateway has gathered from requests of several tenants. */
@Controller('internal')
export class GatheredContentController {
  constructor(
    private readonly desk: GatheredDesk,
    private readonly putting: PutTogether,
  ) {}

  @Post('contents::put_together')
  @HttpCode(200)
  @ServiceRoute('gateway')
  @BodyLimit(BATCH_LIMIT_BYTES)
  async put(@Body() batch: unknown): Promise<GatheredAnswers> {
    return await this.desk.answer(batch, SENDERS, (calls) =>
      settleEach(calls, readCall, (read) => this.putting.execute(read)),
    );
  }
}

async function readCall({ caller, subject = '', body }: ProvenCall) {
  if (!isStorageKey(subject)) throw unprocessable([malformedKey], 'invalid_storage_key');
  const input = isPlainContent(body) ? body : await checkBody(PutContentRequest, body);
  return { tenantId: caller.tenantId, storageKey: subject, input };
}
