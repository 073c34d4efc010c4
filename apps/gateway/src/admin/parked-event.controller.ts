import {
  applyDecorators,
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
} from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { type Tier, tiers } from '@penguinmails/contracts';
import { ParseUuid, PlatformRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import { type Call, CurrentCall } from '../access/current-call.js';
import { ParkedEventView } from '../compose/parked-event-view.js';
import { ApiId } from '../openapi/api-id.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { assertNoBody } from '../request/assert-no-body.js';
import { ListParkedEventsQuery } from './parked-event.query.js';
import { ParkedEvent, ParkedEventList } from './parked-event.schema.js';
import { ParseTier } from './parse-tier.pipe.js';

const OfOneEvent = (): MethodDecorator =>
  applyDecorators(
    ApiParam({
      name: 'tier',
      description: 'The tier that could not handle the event.',
      schema: { type: 'string', enum: [...tiers] },
    }),
    ApiId('parked event'),
    UsesTiers({ required: ['{tier}'] }),
  );

const ChangesOneEvent = (status: 200 | 202): MethodDecorator =>
  applyDecorators(
    HttpCode(status),
    OfOneEvent(),
    Answers(status, ParkedEvent),
    ApiProblems({ 404: ['not_found'], 422: ['validation_failed'] }),
  );

@ApiTags('Administration')
@Controller('v1/admin/parked-events')
export class ParkedEventController {
  constructor(private readonly view: ParkedEventView) {}

  @Get()
  @PlatformRoute()
  @ApiOperation({ summary: 'List events that a tier could not handle, of all tiers, newest first' })
  @UsesTiers({ optional: tiers })
  @Answers(200, ParkedEventList)
  @ApiProblems({ 400: ['invalid_cursor'] })
  listParkedEvents(
    @CurrentCall() call: Call,
    @Query() query: ListParkedEventsQuery,
  ): Promise<ParkedEventList> {
    return this.view.list(call, query);
  }

  @Get(':tier/:id')
  @PlatformRoute()
  @ApiOperation({ summary: 'Read one parked or dead event' })
  @OfOneEvent()
  @Answers(200, ParkedEvent)
  @ApiProblems({ 404: ['not_found'] })
  getParkedEvent(
    @CurrentCall() call: Call,
    @Param('tier', ParseTier) tier: Tier,
    @Param('id', ParseUuid) id: string,
  ): Promise<ParkedEvent> {
    return this.view.find(call, tier, id);
  }

  @Post(':tier/:id/retry')
  @PlatformRoute()
  @ApiOperation({ summary: 'Try the first parked event of its key now, then those behind it' })
  @ChangesOneEvent(202)
  @ApiProblems({ 409: ['wrong_parked_state'] })
  async retryParkedEvent(
    @CurrentCall() call: Call,
    @Param('tier', ParseTier) tier: Tier,
    @Param('id', ParseUuid) id: string,
    @Body() body: unknown,
  ): Promise<ParkedEvent> {
    assertNoBody(body);
    return this.view.act(call, tier, id, 'retry');
  }

  @Post(':tier/:id/discard')
  @PlatformRoute()
  @ApiOperation({ summary: 'Remove an event for good; the next one of its key follows' })
  @ChangesOneEvent(200)
  async discardParkedEvent(
    @CurrentCall() call: Call,
    @Param('tier', ParseTier) tier: Tier,
    @Param('id', ParseUuid) id: string,
    @Body() body: unknown,
  ): Promise<ParkedEvent> {
    assertNoBody(body);
    return this.view.act(call, tier, id, 'discard');
  }

  @Post(':tier/:id/replay')
  @PlatformRoute()
  @ApiOperation({ summary: 'Give a dead event to its tier again' })
  @ChangesOneEvent(202)
  @ApiProblems({ 409: ['wrong_parked_state'] })
  async replayDeadEvent(
    @CurrentCall() call: Call,
    @Param('tier', ParseTier) tier: Tier,
    @Param('id', ParseUuid) id: string,
    @Body() body: unknown,
  ): Promise<ParkedEvent> {
    assertNoBody(body);
    return this.view.act(call, tier, id, 'replay');
  }
}
