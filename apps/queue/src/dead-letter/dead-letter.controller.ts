import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  type Caller,
  CurrentCaller,
  ParseUuid,
  PlatformRoute,
  ServiceRoute,
} from '@penguinmails/http';
import type { DeadLetterFilter } from './dead-letter-filter.js';
import {
  deadLetterPageOf,
  ListDeadLettersQuery,
  previewRequest,
  redriveOrder,
  type RedriveOrder,
  redriveRequest,
  type RedriveRequest,
} from './dead-letter.requests.js';
import { DiscardDeadLetter } from './discard-dead-letter.js';
import { OrderRedrive } from './order-redrive.js';
import { PreviewRedrive } from './preview-redrive.js';
import { ReadDeadLetters } from './read-dead-letters.js';
import { RedriveDeadLetters } from './redrive-dead-letters.js';

/** Dead jobs of all tenants: what operators see and order, and the redriving itself for the worker. */
@Controller('internal')
export class DeadLetterController {
  constructor(
    private readonly reading: ReadDeadLetters,
    private readonly discarding: DiscardDeadLetter,
    private readonly previewing: PreviewRedrive,
    private readonly ordering: OrderRedrive,
    private readonly redriving: RedriveDeadLetters,
  ) {}

  @Get('dead-letters')
  @PlatformRoute()
  list(@Query() query: ListDeadLettersQuery) {
    return this.reading.list(deadLetterPageOf(query));
  }

  @Get('dead-letters/:id')
  @PlatformRoute()
  find(@Param('id', ParseUuid) id: string) {
    return this.reading.find(id);
  }

  @Delete('dead-letters/:id')
  @HttpCode(204)
  @PlatformRoute()
  discard(@CurrentCaller() caller: Caller, @Param('id', ParseUuid) id: string) {
    return this.discarding.execute(caller, id);
  }

  @Post('dead-letters::preview')
  @HttpCode(200)
  @PlatformRoute()
  preview(@Body(previewRequest) { filter }: { readonly filter: DeadLetterFilter }) {
    return this.previewing.execute(filter);
  }

  @Post('dead-letters::order_redrive')
  @HttpCode(202)
  @PlatformRoute()
  order(@CurrentCaller() caller: Caller, @Body(redriveOrder) order: RedriveOrder) {
    return this.ordering.execute(caller, order.filter, order.idempotency_key);
  }

  @Post('dead-letters::redrive')
  @HttpCode(200)
  @ServiceRoute('worker')
  redrive(@Body(redriveRequest) { filter, limit }: RedriveRequest) {
    return this.redriving.execute(filter, limit);
  }
}
