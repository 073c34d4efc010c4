import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { pageSize, ParseUuid, PlatformRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import type { FastifyReply } from 'fastify';
import { type Call, CurrentCall } from '../access/current-call.js';
import { QueueAdminClient } from '../clients/queue-admin.client.js';
import { pick } from '../compose/pick.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.js';
import { markReplay } from '../idempotency/mark-replay.js';
import { Job, JOB_FIELDS } from '../job/job.schema.js';
import { Answers, AnswersNothing } from '../openapi/answers.js';
import { ApiId } from '../openapi/api-id.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { Cursors } from '../page/cursors.js';
import { ListDeadLettersQuery, RedriveRequest } from './dead-letter.requests.js';
import {
  DEAD_LETTER_FIELDS,
  DEAD_LETTER_TRY_FIELDS,
  DeadLetterDetails,
  DeadLetterList,
  RedrivePreview,
} from './dead-letter.schema.js';
import { tierFilter } from './redrive-filter.js';

const URL = '/v1/admin/dead-letters';

@ApiTags('Administration')
@Controller('v1/admin/dead-letters')
export class DeadLetterController {
  constructor(
    private readonly queue: QueueAdminClient,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @PlatformRoute()
  @ApiOperation({
    summary: 'List dead jobs of all tenants, latest first',
    description: 'Events that a tier could not handle are in `/v1/admin/parked-events`.',
  })
  @UsesTiers({ required: ['queue'] })
  @Answers(200, DeadLetterList)
  @ApiProblems({ 400: ['invalid_cursor'] })
  async listDeadLetters(
    @CurrentCall() call: Call,
    @Query() query: ListDeadLettersQuery,
  ): Promise<DeadLetterList> {
    const scope = { tenantId: call.caller.tenantId, resource: 'dead_letters' };
    const page = await this.queue.listDeadLetters(call, {
      limit: pageSize(query.limit),
      redriven: query.redriven,
      ...(tierFilter(query) as Record<string, string>),
      ...this.cursors.keyset(scope, query),
    });
    const data = page.data.map((letter) => pick(letter, DEAD_LETTER_FIELDS));
    const last = page.has_more ? data.at(-1) : undefined;
    const next = last ? { created_at: last.died_at, id: last.id } : null;
    return this.cursors.envelopeTo(URL, scope, data, next);
  }

  @Post('redrive')
  @PlatformRoute()
  @ApiOperation({
    summary: 'Make new jobs of the dead ones that fit a filter',
    description:
      '202: the job that does it, to be read and cancelled at `/v1/jobs/{id}` with a platform key. With `dry_run` 200: what it would take, and nothing changes.',
  })
  @UsesTiers({ required: ['queue'] })
  @Answers(200, RedrivePreview)
  @Answers(202, Job, { replayable: true, location: true })
  @ApiProblems({ 422: ['idempotency_key_reused'] })
  async redriveDeadLetters(
    @CurrentCall() call: Call,
    @IdempotencyKey() key: string | undefined,
    @Body() { filter, dry_run: isDryRun = false }: RedriveRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RedrivePreview | Job> {
    reply.status(isDryRun ? 200 : 202);
    if (isDryRun) return previewOf(await this.queue.previewRedrive(call, tierFilter(filter)));
    const ordered = await this.queue.orderRedrive(call, tierFilter(filter), key ?? null);
    markReplay(reply, { answer: ordered.job, replayed: ordered.replayed });
    reply.header('location', `/v1/jobs/${ordered.job.id}`);
    return pick(ordered.job, JOB_FIELDS);
  }

  @Get(':id')
  @PlatformRoute()
  @ApiOperation({ summary: 'Read a dead job with all its tries' })
  @UsesTiers({ required: ['queue'] })
  @ApiId('dead letter')
  @Answers(200, DeadLetterDetails)
  @ApiProblems({ 404: ['not_found'] })
  async getDeadLetter(
    @CurrentCall() call: Call,
    @Param('id', ParseUuid) id: string,
  ): Promise<DeadLetterDetails> {
    const letter = await this.queue.findDeadLetter(call, id);
    const tries = letter.tries.map((one) => pick(one, DEAD_LETTER_TRY_FIELDS));
    return { ...pick(letter, [...DEAD_LETTER_FIELDS, 'payload']), tries };
  }

  @Delete(':id')
  @HttpCode(204)
  @PlatformRoute()
  @ApiOperation({ summary: 'Discard a dead job for good' })
  @UsesTiers({ required: ['queue'] })
  @ApiId('dead letter')
  @AnswersNothing()
  @ApiProblems({ 404: ['not_found'] })
  discardDeadLetter(@CurrentCall() call: Call, @Param('id', ParseUuid) id: string): Promise<void> {
    return this.queue.discardDeadLetter(call, id);
  }
}

function previewOf({ count, by_type, by_error_code, sample }: RedrivePreview): RedrivePreview {
  return {
    object: 'redrive_preview',
    count,
    by_type: by_type.map((one) => pick(one, ['type', 'count'])),
    by_error_code: by_error_code.map((one) => pick(one, ['error_code', 'count'])),
    sample: sample.map((letter) => pick(letter, DEAD_LETTER_FIELDS)),
  };
}
