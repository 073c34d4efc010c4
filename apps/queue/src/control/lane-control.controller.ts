import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, ParseUuid, PlatformRoute } from '@penguinmails/http';
import { notFound } from '@penguinmails/http/problem';
import {
  pauseLaneRequest,
  type PauseLaneRequest,
  positionOf,
  rateLimitRequest,
  ResumeLaneQuery,
  TenantRowsQuery,
} from './control.requests.js';
import { LaneControl } from './lane-control.js';
import { LIMIT_KEY } from './limit-key.js';
import type { NewRateLimit } from './new-rate-limit.js';

/** What of a tenant is paused and how much of it may run, for operators. */
@Controller('internal')
export class LaneControlController {
  constructor(private readonly lanes: LaneControl) {}

  @Get('queue-pauses')
  @PlatformRoute()
  listPauses(@Query() query: TenantRowsQuery) {
    return this.lanes.listPauses(query.tenant_id ?? null, positionOf(query), query.limit);
  }

  @Post('queue-pauses')
  @HttpCode(200)
  @PlatformRoute()
  pause(@CurrentCaller() caller: Caller, @Body(pauseLaneRequest) request: PauseLaneRequest) {
    const { tenant_id: tenantId, mailbox_id: mailboxId, reason } = request;
    return this.lanes.pause(caller, tenantId, mailboxId ?? '', reason);
  }

  @Delete('queue-pauses/:tenant_id')
  @HttpCode(204)
  @PlatformRoute()
  resume(
    @CurrentCaller() caller: Caller,
    @Param('tenant_id', ParseUuid) tenantId: string,
    @Query() { mailbox_id: mailboxId = '' }: ResumeLaneQuery,
  ) {
    return this.lanes.resume(caller, tenantId, mailboxId);
  }

  @Get('queue-limits')
  @PlatformRoute()
  listLimits(@Query() query: TenantRowsQuery) {
    return this.lanes.listLimits(query.tenant_id ?? null, positionOf(query), query.limit);
  }

  @Put('queue-limits/:tenant_id/:limit_key')
  @HttpCode(200)
  @PlatformRoute()
  setLimit(
    @CurrentCaller() caller: Caller,
    @Param('tenant_id', ParseUuid) tenantId: string,
    @Param('limit_key') key: string,
    @Body(rateLimitRequest) limit: NewRateLimit,
  ) {
    return this.lanes.setLimit(caller, tenantId, known(key), limit);
  }

  @Delete('queue-limits/:tenant_id/:limit_key')
  @HttpCode(204)
  @PlatformRoute()
  removeLimit(
    @CurrentCaller() caller: Caller,
    @Param('tenant_id', ParseUuid) tenantId: string,
    @Param('limit_key') key: string,
  ) {
    return this.lanes.removeLimit(caller, tenantId, known(key));
  }
}

/** @throws Problem 404 for what names no limit */
function known(key: string): string {
  if (!LIMIT_KEY.test(key)) throw notFound();
  return key;
}
