import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsObject,
  IsOptional,
  IsUUID,
  Matches,
  ValidateNested,
} from 'class-validator';
import { JOB_TYPE } from '../job/list-jobs.query.js';
import { PageQuery } from '../page/page.query.js';
import { IsFlag } from '../request/is-flag.js';
import { Must } from '../request/must.js';
import { isTime } from '../request/time-text.js';
import { type DeadOutcome, deadOutcomes } from './dead-letter.schema.js';

const ERROR_CODE = /^[a-z][a-z0-9_]{0,63}$/;
const MAX_IDS = 500;

/** One optional field, as a filter of a query and of a body has it. */
const Field =
  (schema: object, ...rules: PropertyDecorator[]): PropertyDecorator =>
  (target, key) => {
    for (const decorate of [ApiPropertyOptional(schema), IsOptional(), ...rules])
      decorate(target, key);
  };
const IdField = () => Field({ type: String, format: 'uuid' }, IsUUID());
const NameField = (pattern: RegExp) =>
  Field({ type: String, pattern: pattern.source }, Matches(pattern));
const OutcomeField = () => Field({ enum: deadOutcomes }, IsIn(deadOutcomes));
const TimeField = () =>
  Field(
    { type: String, format: 'date-time' },
    Must('invalid_time', isTime, 'must be an RFC 3339 time'),
  );

/** Query of `GET /v1/admin/dead-letters`. */
export class ListDeadLettersQuery extends PageQuery {
  @IdField() tenant_id?: string;
  @NameField(JOB_TYPE) type?: string;
  @OutcomeField() outcome?: DeadOutcome;
  @NameField(ERROR_CODE) error_code?: string;
  @TimeField() died_after?: string;
  @TimeField() died_before?: string;

  @Field({ type: Boolean, description: 'Default: both.' }, IsFlag()) redriven?: 'true' | 'false';
}

/** Which letters a redrive takes; what is absent does not matter. */
export class RedriveFilter {
  @IdField() tenant_id?: string;
  @NameField(JOB_TYPE) type?: string;
  @OutcomeField() outcome?: DeadOutcome;
  @NameField(ERROR_CODE) error_code?: string;
  @TimeField() died_after?: string;
  @TimeField() died_before?: string;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', format: 'uuid' },
    minItems: 1,
    maxItems: MAX_IDS,
    description: 'Ids of dead letters.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_IDS)
  @IsUUID(undefined, { each: true })
  ids?: string[];
}

/** Body of `POST /v1/admin/dead-letters/redrive`. */
export class RedriveRequest {
  @ApiProperty({ type: () => RedriveFilter, description: '`{}` is all of them.' })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => RedriveFilter)
  filter: RedriveFilter;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    example: true,
    description: 'Only says what it would take.',
  })
  @IsOptional()
  @IsBoolean()
  dry_run?: boolean;
}
