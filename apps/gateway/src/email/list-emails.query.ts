import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQuery } from '../page/page.query.js';
import { Must } from '../request/must.js';
import { isTime } from '../request/time-text.js';
import { type EmailStatus, emailStatuses } from './email.schema.js';

const TIME = 'must be an RFC 3339 time';

/** Query of `GET /v1/emails`. */
export class ListEmailsQuery extends PageQuery {
  @ApiPropertyOptional({
    type: String,
    maxLength: 512,
    description: 'Pages back, towards newer e-mails.',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  before?: string;

  @ApiPropertyOptional({ enum: emailStatuses })
  @IsOptional()
  @IsIn(emailStatuses)
  status?: EmailStatus;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @Must('invalid_time', isTime, TIME)
  created_after?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @Must('invalid_time', isTime, TIME)
  created_before?: string;
}
