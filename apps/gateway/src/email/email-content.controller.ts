import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ParseUuid, TenantRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Call, CurrentCall } from '../access/current-call.js';
import { ContentClient } from '../clients/content.client.js';
import { OltpClient } from '../clients/oltp.client.js';
import { EmailView } from '../compose/email-view.js';
import { ApiId } from '../openapi/api-id.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { EmailContent } from './email-sections.schema.js';
import { sendAttachment } from './send-attachment.js';

const FILE = { '*/*': { schema: {} } };

@ApiTags('E-mails')
@Controller('v1/emails/:id')
export class EmailContentController {
  constructor(
    private readonly view: EmailView,
    private readonly oltp: OltpClient,
    private readonly content: ContentClient,
  ) {}

  @Get('content')
  @TenantRoute('emails:read')
  @ApiOperation({ summary: 'Read the bodies, headers and list of files of an e-mail' })
  @UsesTiers({ required: ['oltp', 'content'] })
  @ApiId('e-mail')
  @Answers(200, EmailContent)
  @ApiProblems({ 404: ['not_found'], 502: ['content_corrupted'] })
  getEmailContent(
    @CurrentCall() call: Call,
    @Param('id', ParseUuid) id: string,
  ): Promise<EmailContent> {
    return this.view.readContent(call, id);
  }

  @Get('attachments/:attachment_id')
  @TenantRoute('emails:read')
  @ApiOperation({ summary: 'Download a file of an e-mail' })
  @UsesTiers({ required: ['oltp', 'content'] })
  @ApiId('e-mail')
  @ApiId('file', 'attachment_id')
  @ApiHeader({ name: 'If-None-Match', required: false, schema: { type: 'string' } })
  @ApiHeader({ name: 'Range', required: false, schema: { type: 'string' }, example: 'bytes=0-99' })
  @ApiResponse({ status: 200, description: 'The file', content: FILE })
  @ApiResponse({ status: 206, description: 'The part asked for', content: FILE })
  @ApiResponse({ status: 304, description: 'The copy with that ETag is still right' })
  @ApiProblems({ 404: ['not_found'], 416: ['range_not_satisfiable'], 502: ['content_corrupted'] })
  async getEmailAttachment(
    @CurrentCall() call: Call,
    @Param('id', ParseUuid) id: string,
    @Param('attachment_id', ParseUuid) attachmentId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { content_storage_key: key } = await this.oltp.getEmail(call, id);
    const known = request.headers['if-none-match'];
    const file = await this.content.getAttachment(call, key, attachmentId, known);
    sendAttachment(request, reply, file);
  }
}
