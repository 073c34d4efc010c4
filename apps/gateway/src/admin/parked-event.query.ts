import { ApiPropertyOptional } from '@nestjs/swagger';
import { type Tier, tiers } from '@penguinmails/contracts';
import { IsIn, IsNotEmpty, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { PageQuery } from '../page/page.query.js';
import { parkedStates, type ParkedState } from './parked-event.schema.js';

const MAX_TOPIC = 249;
const MAX_KEY = 500;

/** Query of `GET /v1/admin/parked-events`. */
export class ListParkedEventsQuery extends PageQuery {
  @ApiPropertyOptional({ type: String, enum: [...tiers], description: 'Default: all of them.' })
  @IsOptional()
  @IsIn(tiers)
  tier?: Tier;

  @ApiPropertyOptional({ type: String, maxLength: MAX_TOPIC })
  @IsOptional()
  @Matches(/^[a-z0-9._-]+$/)
  @MaxLength(MAX_TOPIC)
  topic?: string;

  @ApiPropertyOptional({ type: String, maxLength: MAX_KEY, description: 'The `key` of events.' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_KEY)
  event_key?: string;

  @ApiPropertyOptional({ type: String, enum: [...parkedStates] })
  @IsOptional()
  @IsIn(parkedStates)
  state?: ParkedState;
}
