import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { BodyLimit, ParseUuid, TenantRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import type { FastifyReply } from 'fastify';
import { type Call, CurrentCall } from '../access/current-call.js';
import { EmailView } from '../compose/email-view.js';
import { pick } from '../compose/pick.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.js';
import { RESERVATION_PROBLEMS } from '../idempotency/idempotent-requests.js';
import { markReplay } from '../idempotency/mark-replay.js';
import { ApiId } from '../openapi/api-id.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { assertNoBody } from '../request/assert-no-body.js';
import { CancelEmail } from './cancel-email.js';
import { checkMessage } from './check-message.js';
import { Email, EMAIL_FIELDS, EmailList } from './email.schema.js';
import { ComposedEmail } from './email-sections.schema.js';
import { IncludeQuery, parseInclude } from './include.query.js';
import { ListEmails } from './list-emails.js';
import { ListEmailsQuery } from './list-emails.query.js';
import { REQUEST_LIMIT_BYTES } from './message-limits.js';
import { SendEmail } from './send-email.js';
import { SendEmailRequest } from './send-email.request.js';

@ApiTags('E-mails')
@Controller('v1/emails')
export class EmailController {
  constructor(
    private readonly sending: SendEmail,
    private readonly listing: ListEmails,
    private readonly view: EmailView,
    private readonly cancelling: CancelEmail,
  ) {}

  @Post()
  @HttpCode(202)
  @TenantRoute('emails:send')
  @BodyLimit(REQUEST_LIMIT_BYTES)
  @ApiOperation({ summary: 'Accept one e-mail; from the 202 on it is not lost' })
  @UsesTiers({ required: ['content', 'oltp'] })
  @Answers(202, Email, { replayable: true, location: true })
  @ApiProblems({
    409: RESERVATION_PROBLEMS[409],
    422: ['sender_not_allowed', ...RESERVATION_PROBLEMS[422]],
    429: ['plan_limit_reached'],
  })
  async sendEmail(
    @CurrentCall() call: Call,
    @IdempotencyKey() key: string | undefined,
    @Body() message: SendEmailRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Email> {
    checkMessage(message);
    const result = await this.sending.execute(call, key, message);
    markReplay(reply, result);
    const email = pick(result.answer, EMAIL_FIELDS);
    reply.header('location', `/v1/emails/${email.id}`);
    return email;
  }

  @Get()
  @TenantRoute('emails:read')
  @ApiOperation({ summary: 'List e-mails, newest first' })
  @UsesTiers({ required: ['oltp'] })
  @Answers(200, EmailList)
  @ApiProblems({ 400: ['invalid_cursor'] })
  listEmails(@CurrentCall() call: Call, @Query() query: ListEmailsQuery): Promise<EmailList> {
    return this.listing.execute(call, query);
  }

  @Get(':id')
  @TenantRoute('emails:read')
  @ApiOperation({ summary: 'Read one e-mail, with the parts of other tiers that are asked for' })
  @UsesTiers({ required: ['oltp'], optional: ['content', 'queue'] })
  @ApiId('e-mail')
  @Answers(200, ComposedEmail)
  @ApiProblems({ 404: ['not_found'] })
  getEmail(
    @CurrentCall() call: Call,
    @Param('id', ParseUuid) id: string,
    @Query() { include }: IncludeQuery,
  ): Promise<ComposedEmail> {
    return this.view.read(call, id, parseInclude(include) ?? new Set());
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @TenantRoute('emails:send')
  @ApiOperation({ summary: 'Cancel an e-mail that is scheduled, queued or deferred' })
  @UsesTiers({ required: ['oltp'] })
  @ApiId('e-mail')
  @Answers(200, Email, { replayable: true })
  @ApiProblems({ 404: ['not_found'], 409: ['email_not_cancellable'] })
  async cancelEmail(
    @CurrentCall() call: Call,
    @Param('id', ParseUuid) id: string,
    @IdempotencyKey() key: string | undefined,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Email> {
    assertNoBody(body);
    const result = await this.cancelling.execute(call, id, key !== undefined);
    markReplay(reply, result);
    return pick(result.answer, EMAIL_FIELDS);
  }
}
