import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { PlatformRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import type { FastifyReply } from 'fastify';
import { type Call, CurrentCall } from '../access/current-call.js';
import { OltpClient } from '../clients/oltp.client.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.js';
import { IdempotentRequests, RESERVATION_PROBLEMS } from '../idempotency/idempotent-requests.js';
import { markReplay } from '../idempotency/mark-replay.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { newTenant } from './new-tenant.js';
import { CreateTenantRequest } from './tenant.request.js';
import { NewTenant } from './tenant.schema.js';

@ApiTags('Administration')
@Controller('v1/admin/tenants')
export class TenantController {
  constructor(
    private readonly oltp: OltpClient,
    private readonly requests: IdempotentRequests,
  ) {}

  @Post()
  @PlatformRoute()
  @ApiOperation({ summary: 'Make a tenant with owner, sandbox domain, mailbox and two keys' })
  @UsesTiers({ required: ['oltp'] })
  @Answers(201, NewTenant, { replayable: true })
  @ApiProblems({ ...RESERVATION_PROBLEMS, 409: ['slug_taken', ...RESERVATION_PROBLEMS[409]] })
  async createTenant(
    @CurrentCall() call: Call,
    @IdempotencyKey() key: string | undefined,
    @Body() body: CreateTenantRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewTenant> {
    const attempt = { call, key, method: 'POST', route: '/v1/admin/tenants', body };
    const { name, slug, owner } = body;
    const result = await this.requests.run(attempt, (idempotency) =>
      this.oltp.createTenant(call, { name, slug, owner, idempotency }),
    );
    markReplay(reply, result);
    return newTenant(result.answer);
  }
}
