import { Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsISO8601,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import {
  type ParkedEventPage,
  type ParkedEventState,
  parkedEventStates,
} from './parked-event-desk.js';

/** Query of `GET /internal/parked-events`. */
export class ParkedEventQuery {
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(249)
  topic?: string;

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  key?: string;

  @IsOptional()
  @IsIn(parkedEventStates)
  state?: ParkedEventState;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 25;

  @ValidateIf((query: ParkedEventQuery) => query.after_id !== undefined)
  @IsISO8601({ strict: true })
  after_created_at?: string;

  @ValidateIf((query: ParkedEventQuery) => query.after_created_at !== undefined)
  @IsUUID()
  after_id?: string;
}

/** The page a query asks for. */
export function parkedEventPageOf(query: ParkedEventQuery): ParkedEventPage {
  const { topic = null, key = null, state = null, limit } = query;
  const { after_created_at: createdAt, after_id: id } = query;
  const after = createdAt !== undefined && id !== undefined ? { createdAt, id } : null;
  return { topic, key, state, after, limit };
}
