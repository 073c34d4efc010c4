import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { TenantRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import type { FastifyReply } from 'fastify';
import { type Call, CurrentCall } from '../access/current-call.js';
import { OltpClient } from '../clients/oltp.client.js';
import { pick } from '../compose/pick.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.js';
import { IdempotentRequests, RESERVATION_PROBLEMS } from '../idempotency/idempotent-requests.js';
import { markReplay } from '../idempotency/mark-replay.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { parseTime } from '../request/time-text.js';
import { CreateApiKeyRequest } from './api-key.request.js';
import { API_KEY_FIELDS, ApiKey } from './api-key.schema.js';

@ApiTags('API keys')
@Controller('v1/api-keys')
export class ApiKeyController {
  constructor(
    private readonly oltp: OltpClient,
    private readonly requests: IdempotentRequests,
  ) {}

  @Post()
  @TenantRoute('api_keys:write')
  @ApiOperation({ summary: 'Make another key; it is shown once' })
  @UsesTiers({ required: ['oltp'] })
  @Answers(201, ApiKey, { replayable: true })
  @ApiProblems({
    ...RESERVATION_PROBLEMS,
    403: ['scope_not_allowed', 'mode_not_allowed'],
  })
  async createApiKey(
    @CurrentCall() call: Call,
    @IdempotencyKey() key: string | undefined,
    @Body() body: CreateApiKeyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApiKey> {
    const attempt = { call, key, method: 'POST', route: '/v1/api-keys', body };
    const { name, mode } = body;
    const result = await this.requests.run(attempt, (idempotency) =>
      this.oltp.createApiKey(call, {
        name,
        mode,
        ...(body.scopes && { scopes: body.scopes }),
        expires_at: parseTime(body.expires_at)?.toISOString() ?? null,
        idempotency,
      }),
    );
    markReplay(reply, result);
    return pick(result.answer, API_KEY_FIELDS);
  }
}
