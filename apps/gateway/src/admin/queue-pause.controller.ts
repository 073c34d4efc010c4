import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { pageSize, ParseUuid, PlatformRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import { type Call, CurrentCall } from '../access/current-call.js';
import { QueueAdminClient } from '../clients/queue-admin.client.js';
import { pick } from '../compose/pick.js';
import { Answers, AnswersNothing } from '../openapi/answers.js';
import { ApiId } from '../openapi/api-id.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { Cursors } from '../page/cursors.js';
import { ListOfTenantQuery, PauseTenantRequest, ResumeTenantQuery } from './queue.requests.js';
import { QUEUE_PAUSE_FIELDS, QueuePause, QueuePauseList } from './queue.schema.js';
import { tenantRowCursor, tenantRowQuery } from './tenant-row-cursor.js';

const URL = '/v1/admin/queue-pauses';

@ApiTags('Administration')
@Controller('v1/admin/queue-pauses')
export class QueuePauseController {
  constructor(
    private readonly queue: QueueAdminClient,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @PlatformRoute()
  @ApiOperation({ summary: 'List paused tenants and mailboxes, by tenant' })
  @UsesTiers({ required: ['queue'] })
  @Answers(200, QueuePauseList)
  @ApiProblems({ 400: ['invalid_cursor'] })
  async listQueuePauses(
    @CurrentCall() call: Call,
    @Query() query: ListOfTenantQuery,
  ): Promise<QueuePauseList> {
    const scope = { tenantId: call.caller.tenantId, resource: 'queue_pauses' };
    const { data, has_more } = await this.queue.listPauses(call, {
      limit: pageSize(query.limit),
      tenant_id: query.tenant_id,
      ...tenantRowQuery(this.cursors.keyset(scope, query)),
    });
    const pauses = data.map((pause) => pick(pause, QUEUE_PAUSE_FIELDS));
    const last = has_more ? pauses.at(-1) : undefined;
    const next = last ? tenantRowCursor(last.tenant_id, last.mailbox_id ?? '') : null;
    return this.cursors.envelopeTo(URL, scope, pauses, next);
  }

  @Post()
  @HttpCode(200)
  @PlatformRoute()
  @ApiOperation({ summary: 'Hold back the jobs of a tenant or of one of its mailboxes' })
  @UsesTiers({ required: ['queue'] })
  @Answers(200, QueuePause)
  async pauseTenant(
    @CurrentCall() call: Call,
    @Body() { tenant_id, mailbox_id = null, reason = null }: PauseTenantRequest,
  ): Promise<QueuePause> {
    const pause = await this.queue.pause(call, { tenant_id, mailbox_id, reason });
    return pick(pause, QUEUE_PAUSE_FIELDS);
  }

  @Delete(':tenant_id')
  @HttpCode(204)
  @PlatformRoute()
  @ApiOperation({ summary: 'Let the jobs of a tenant or mailbox run again' })
  @UsesTiers({ required: ['queue'] })
  @ApiId('tenant', 'tenant_id')
  @AnswersNothing()
  @ApiProblems({ 404: ['not_found'] })
  resumeTenant(
    @CurrentCall() call: Call,
    @Param('tenant_id', ParseUuid) tenantId: string,
    @Query() { mailbox_id }: ResumeTenantQuery,
  ): Promise<void> {
    return this.queue.resume(call, tenantId, mailbox_id);
  }
}
