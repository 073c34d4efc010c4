import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { pageSize, PlatformRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import { type Call, CurrentCall } from '../access/current-call.js';
import { NotificationsClient } from '../clients/notifications.client.js';
import { pick } from '../compose/pick.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { Cursors } from '../page/cursors.js';
import { ListSystemEventsQuery } from './system-event.query.js';
import { SYSTEM_EVENT_FIELDS, SystemEventList } from './system-event.schema.js';

const URL = '/v1/admin/system-events';

@ApiTags('Administration')
@Controller('v1/admin/system-events')
export class SystemEventController {
  constructor(
    private readonly notifications: NotificationsClient,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @PlatformRoute()
  @ApiOperation({ summary: 'List curated system events of all tenants, newest first' })
  @UsesTiers({ required: ['notifications'] })
  @Answers(200, SystemEventList)
  @ApiProblems({ 400: ['invalid_cursor'] })
  async listSystemEvents(
    @CurrentCall() call: Call,
    @Query() query: ListSystemEventsQuery,
  ): Promise<SystemEventList> {
    const scope = { tenantId: call.caller.tenantId, resource: 'system_events' };
    const { severity, resolved, limit } = query;
    const filter = { limit: pageSize(limit), severity, resolved };
    const keyset = this.cursors.keyset(scope, query);
    const page = await this.notifications.listSystemEvents(call, { ...filter, ...keyset });
    const data = page.data.map((event) => pick(event, SYSTEM_EVENT_FIELDS));
    return this.cursors.envelope(URL, scope, { ...page, data });
  }
}
