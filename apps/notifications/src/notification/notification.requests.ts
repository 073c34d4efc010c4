import { Transform, Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsUUID,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';

const WORDS: Readonly<Record<string, boolean>> = { true: true, false: false };

/** `true` or `false` as text; anything else stays and fails the check. */
export const ToBoolean = () =>
  Transform(({ value }: { value: unknown }) => WORDS[String(value)] ?? value);

/** Where a page goes on: both or neither. */
export class PageQuery {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 25;

  @ValidateIf((query: PageQuery) => query.after_id !== undefined)
  @IsISO8601({ strict: true })
  after_created_at?: string;

  @ValidateIf((query: PageQuery) => query.after_created_at !== undefined)
  @IsUUID()
  after_id?: string;
}

/** Query of `GET /internal/notifications`. */
export class FeedQuery extends PageQuery {
  @IsOptional()
  @ToBoolean()
  @IsBoolean()
  unread?: boolean;

  @IsOptional()
  @IsIn(['in_app', 'email'])
  channel?: string;
}

/** Body of `PATCH /internal/notifications/{id}`. */
export class MarkRequest {
  @IsBoolean()
  is_read: boolean;
}
