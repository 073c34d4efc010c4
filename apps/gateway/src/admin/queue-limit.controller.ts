import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { pageSize, ParseUuid, PlatformRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import { type Call, CurrentCall } from '../access/current-call.js';
import { QueueAdminClient } from '../clients/queue-admin.client.js';
import { pick } from '../compose/pick.js';
import { Answers, AnswersNothing } from '../openapi/answers.js';
import { ApiId, ApiName } from '../openapi/api-id.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { Cursors } from '../page/cursors.js';
import { ListOfTenantQuery, SetLimitRequest } from './queue.requests.js';
import { QUEUE_LIMIT_FIELDS, QueueLimit, QueueLimitList } from './queue.schema.js';
import { tenantRowCursor, tenantRowQuery } from './tenant-row-cursor.js';

const URL = '/v1/admin/queue-limits';

const ApiLimitKey = () =>
  ApiName(
    'limit_key',
    '`tenant`, `mailbox:<id>`, `domain:<keyed hash>`, or `domain:*` for each recipient domain without one.',
    /^(tenant|mailbox:[0-9a-f-]{36}|domain:(\*|[0-9a-f]{32}))$/,
    'tenant',
  );

@ApiTags('Administration')
@Controller('v1/admin/queue-limits')
export class QueueLimitController {
  constructor(
    private readonly queue: QueueAdminClient,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @PlatformRoute()
  @ApiOperation({ summary: 'List limits and what is used of them, by tenant' })
  @UsesTiers({ required: ['queue'] })
  @Answers(200, QueueLimitList)
  @ApiProblems({ 400: ['invalid_cursor'] })
  async listQueueLimits(
    @CurrentCall() call: Call,
    @Query() query: ListOfTenantQuery,
  ): Promise<QueueLimitList> {
    const scope = { tenantId: call.caller.tenantId, resource: 'queue_limits' };
    const { data, has_more } = await this.queue.listLimits(call, {
      limit: pageSize(query.limit),
      tenant_id: query.tenant_id,
      ...tenantRowQuery(this.cursors.keyset(scope, query)),
    });
    const limits = data.map((limit) => pick(limit, QUEUE_LIMIT_FIELDS));
    const last = has_more ? limits.at(-1) : undefined;
    const next = last ? tenantRowCursor(last.tenant_id, last.limit_key) : null;
    return this.cursors.envelopeTo(URL, scope, limits, next);
  }

  @Put(':tenant_id/:limit_key')
  @HttpCode(200)
  @PlatformRoute()
  @ApiOperation({ summary: 'Set a limit; it replaces the one that is there' })
  @UsesTiers({ required: ['queue'] })
  @ApiId('tenant', 'tenant_id')
  @ApiLimitKey()
  @Answers(200, QueueLimit)
  @ApiProblems({ 404: ['not_found'] })
  async setQueueLimit(
    @CurrentCall() call: Call,
    @Param('tenant_id', ParseUuid) tenantId: string,
    @Param('limit_key') key: string,
    @Body() { per_minute = null, per_day = null, warmup = null }: SetLimitRequest,
  ): Promise<QueueLimit> {
    const body = { per_minute, per_day, warmup: warmup && pick(warmup, ['started_on', 'curve']) };
    return pick(await this.queue.setLimit(call, tenantId, key, body), QUEUE_LIMIT_FIELDS);
  }

  @Delete(':tenant_id/:limit_key')
  @HttpCode(204)
  @PlatformRoute()
  @ApiOperation({ summary: 'Remove a limit' })
  @UsesTiers({ required: ['queue'] })
  @ApiId('tenant', 'tenant_id')
  @ApiLimitKey()
  @AnswersNothing()
  @ApiProblems({ 404: ['not_found'] })
  removeQueueLimit(
    @CurrentCall() call: Call,
    @Param('tenant_id', ParseUuid) tenantId: string,
    @Param('limit_key') key: string,
  ): Promise<void> {
    return this.queue.removeLimit(call, tenantId, key);
  }
}
