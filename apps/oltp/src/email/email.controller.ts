import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, ParseUuid, TenantRoute } from '@penguinmails/http';
import { acceptCommandOf } from './accept-command.js';
import { AcceptEmail } from './accept-email.js';
import { CancelEmail } from './cancel-email.js';
import { filterOf } from './email-filter.js';
import type { EmailResource } from './email-resource.js';
import { AcceptEmailRequest, ListEmailsQuery } from './email.requests.js';
import { type EmailWithContentKey, GetEmail } from './get-email.js';
import { type EmailPage, ListEmails } from './list-emails.js';

@Controller('internal/emails')
export class EmailController {
  constructor(
    private readonly accepting: AcceptEmail,
    private readonly listing: ListEmails,
    private readonly getting: GetEmail,
    private readonly cancelling: CancelEmail,
  ) {}

  @Post()
  @HttpCode(202)
  @TenantRoute('emails:send')
  async accept(
    @CurrentCaller() caller: Caller,
    @Body() request: AcceptEmailRequest,
  ): Promise<EmailResource> {
    return await this.accepting.execute(caller, acceptCommandOf(request));
  }

  @Get()
  @TenantRoute('emails:read')
  async list(
    @CurrentCaller() { tenantId }: Caller,
    @Query() query: ListEmailsQuery,
  ): Promise<EmailPage> {
    return await this.listing.execute(tenantId, filterOf(query));
  }

  @Get(':id')
  @TenantRoute('emails:read')
  async get(
    @CurrentCaller() { tenantId }: Caller,
    @Param('id', ParseUuid) id: string,
  ): Promise<EmailWithContentKey> {
    return await this.getting.execute(tenantId, id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @TenantRoute('emails:send')
  async cancel(
    @CurrentCaller() { tenantId }: Caller,
    @Param('id', ParseUuid) id: string,
  ): Promise<EmailResource> {
    return await this.cancelling.execute(tenantId, id);
  }
}
