import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PlainForm } from '@penguinmails/http';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsObject,
  IsOptional,
  IsString,
  ValidateNested,
} from 'class-validator';
import { IsAddress } from '../request/is-address.js';
import { isLine } from '../request/line-text.js';
import { Must } from '../request/must.js';
import { isTime } from '../request/time-text.js';
import { AttachmentRequest } from './attachment.request.js';
import { MAX_ATTACHMENTS, MAX_SUBJECT, MAX_TAGS } from './message-limits.js';
import { isPlainMessage } from './plain-message.js';

const TAG_NAME = /^[A-Za-z0-9_-]{1,256}$/;
const MAX_TAG_VALUE = 256;

export class TagRequest {
  @ApiProperty({ type: String, pattern: TAG_NAME.source })
  @Must(
    'invalid_tag_name',
    (value) => typeof value === 'string' && TAG_NAME.test(value),
    'must be 1 to 256 letters, digits, _ or -',
  )
  name: string;

  @ApiProperty({ type: String, maxLength: MAX_TAG_VALUE })
  @Must(
    'invalid_tag_value',
    (value) => isLine(value, 0, MAX_TAG_VALUE),
    'must be one line of at most 256 characters',
  )
  value: string;
}

/** Body of `POST /v1/emails`. What its parts may hold together is for `checkMessage`. */
@PlainForm(isPlainMessage)
export class SendEmailRequest {
  @ApiProperty({
    type: String,
    format: 'email',
    description: 'Address of a mailbox of the tenant.',
  })
  @IsAddress()
  from: string;

  @ApiProperty({ type: String, format: 'email', description: 'Exactly one address.' })
  @IsAddress()
  to: string;

  @ApiProperty({ type: String, minLength: 1, maxLength: MAX_SUBJECT })
  @Must(
    'invalid_subject',
    (value) => isLine(value, 1, MAX_SUBJECT),
    `must be one line of 1 to ${MAX_SUBJECT} characters`,
  )
  subject: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'This or html is needed; at most 5 MiB.',
    example: 'Good morning.',
  })
  @IsOptional()
  @IsString()
  text?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'At most 5 MiB.' })
  @IsOptional()
  @IsString()
  html?: string | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'X-*, In-Reply-To and References; one line each.',
    example: { 'X-Order': '4711' },
  })
  @IsOptional()
  @IsObject()
  headers?: Record<string, string> | null;

  @ApiPropertyOptional({ type: String, format: 'email', nullable: true })
  @IsOptional()
  @IsAddress()
  reply_to?: string | null;

  @ApiPropertyOptional({ type: () => TagRequest, isArray: true, maxItems: MAX_TAGS })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_TAGS)
  @ValidateNested({ each: true })
  @Type(() => TagRequest)
  tags?: TagRequest[] | null;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'RFC 3339, in the future, at most a year ahead. Default: at once.',
  })
  @IsOptional()
  @Must('invalid_time', isTime, 'must be an RFC 3339 time')
  scheduled_at?: string | null;

  @ApiPropertyOptional({ type: () => AttachmentRequest, isArray: true, maxItems: MAX_ATTACHMENTS })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ATTACHMENTS)
  @ValidateNested({ each: true })
  @Type(() => AttachmentRequest)
  attachments?: AttachmentRequest[] | null;
}
