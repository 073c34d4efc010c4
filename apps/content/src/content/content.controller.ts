import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Put, Res } from '@nestjs/common';
import { isStorageKey } from '@penguinmails/contracts';
import { BodyLimit, type Caller, CurrentCaller, TenantRoute } from '@penguinmails/http';
import { notFound, unprocessable } from '@penguinmails/http/problem';
import type { FastifyReply } from 'fastify';
import { toContentAnswer, toPutAnswer } from './content.answers.js';
import { downloadDisposition } from './content-disposition.js';
import { REQUEST_LIMIT_BYTES } from './content-limits.js';
import { PutContentRequest } from './content.requests.js';
import { DeleteContent } from './delete-content.js';
import { GetAttachment } from './get-attachment.js';
import { GetContent } from './get-content.js';
import { PutContent } from './put-content.js';

/** Contents of the caller's tenant, by opaque key. */
@Controller('internal/contents')
export class ContentController {
  constructor(
    private readonly putContent: PutContent,
    private readonly getContent: GetContent,
    private readonly getAttachment: GetAttachment,
    private readonly deleteContent: DeleteContent,
  ) {}

  /** 201 when stored, 200 when the same content stood there already. */
  @TenantRoute('emails:send')
  @BodyLimit(REQUEST_LIMIT_BYTES)
  @Put(':key')
  async put(
    @CurrentCaller() caller: Caller,
    @Param('key') key: string,
    @Body() request: PutContentRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!isStorageKey(key)) throw unprocessable([malformedKey], 'invalid_storage_key');
    const result = await this.putContent.execute(caller.tenantId, key, request);
    reply.status(result.created ? 201 : 200);
    return toPutAnswer(key, result);
  }

  @TenantRoute('emails:read')
  @Get(':key')
  async get(@CurrentCaller() caller: Caller, @Param('key') key: string) {
    return toContentAnswer(await this.getContent.execute(caller, known(key)));
  }

  /** The bytes; 304 when the reader has them. */
  @TenantRoute('emails:read')
  @Get(':key/attachments/:id')
  async download(
    @CurrentCaller() caller: Caller,
    @Param('key') key: string,
    @Param('id') id: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await this.getAttachment.execute(caller, known(key), id);
    const etag = `"${file.contentHash}"`;
    reply.header('etag', etag).header('content-disposition', downloadDisposition(file.filename));
    reply.header('x-content-type-options', 'nosniff');
    if (ifNoneMatch === etag) await reply.status(304).send();
    else await reply.type(file.contentType).send(file.bytes);
  }

  @TenantRoute('emails:send')
  @Delete(':key')
  @HttpCode(204)
  async delete(@CurrentCaller() caller: Caller, @Param('key') key: string): Promise<void> {
    await this.deleteContent.execute(caller.tenantId, known(key));
  }
}

/** What is wrong with a path that names no key. */
export const malformedKey = {
  parameter: 'key',
  code: 'invalid_storage_key',
  detail: 'must be cnt_ and 22 characters of base64url',
};

/** What cannot be a key is answered like one that does not exist. */
function known(key: string): string {
  if (!isStorageKey(key)) throw notFound();
  return key;
}
