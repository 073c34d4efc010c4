import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { PlatformRoute } from '../access/access.js';
import type { Caller } from '../access/caller.js';
import { CurrentCaller } from '../access/current-caller.js';
import { ParseUuid } from '../body/parse-uuid.pipe.js';
import { conflict, notFound, partitionBusy } from '../problem/problems.js';
import { type ParkedEventAnswer, ParkedEventDesk } from './parked-event-desk.js';
import { ParkedEventQuery, parkedEventPageOf } from './parked-event.query.js';

/** Parked and dead events of a tier, for operators: one class for every tier. */
@Controller('internal/parked-events')
export class ParkedEventController {
  constructor(private readonly desk: ParkedEventDesk) {}

  @Get()
  @PlatformRoute()
  list(@Query() query: ParkedEventQuery) {
    return this.desk.list(parkedEventPageOf(query));
  }

  @Get(':id')
  @PlatformRoute()
  async find(@Param('id', ParseUuid) id: string): Promise<object> {
    const event = await this.desk.find(id);
    if (!event) throw notFound();
    return event;
  }

  @Post(':id/retry')
  @HttpCode(202)
  @PlatformRoute()
  async retry(@Param('id', ParseUuid) id: string, @CurrentCaller() caller: Caller) {
    return eventOf(await this.desk.retry(id, auditOf(caller)));
  }

  @Post(':id/discard')
  @HttpCode(200)
  @PlatformRoute()
  async discard(@Param('id', ParseUuid) id: string, @CurrentCaller() caller: Caller) {
    return eventOf(await this.desk.discard(id, auditOf(caller)));
  }

  @Post(':id/replay')
  @HttpCode(202)
  @PlatformRoute()
  async replay(@Param('id', ParseUuid) id: string, @CurrentCaller() caller: Caller) {
    return eventOf(await this.desk.replay(id, auditOf(caller)));
  }
}

function auditOf({ actor, requestId }: Caller) {
  return { actorId: actor.id, requestId };
}

/** @throws Problem 404, 409 `wrong_parked_state`, 503 `parked_event_busy` */
function eventOf(answer: ParkedEventAnswer): object {
  if (answer.kind === 'unknown') throw notFound();
  if (answer.kind === 'busy') throw partitionBusy();
  if (answer.kind === 'wrong_state')
    throw conflict(
      'wrong_parked_state',
      'A dead event is replayed, one that is parked is retried.',
    );
  return answer.event;
}
