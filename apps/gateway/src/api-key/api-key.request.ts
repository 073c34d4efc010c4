import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayUnique, IsArray, IsIn, IsOptional } from 'class-validator';
import { modes } from '../email/email.schema.js';
import { isLine } from '../request/line-text.js';
import { Must } from '../request/must.js';
import { isTime } from '../request/time-text.js';
import { tenantScopes } from './api-key.schema.js';

const MAX_NAME = 100;

export class CreateApiKeyRequest {
  @ApiProperty({ type: String, minLength: 1, maxLength: MAX_NAME })
  @Must(
    'invalid_name',
    (value) => isLine(value, 1, MAX_NAME),
    `must be 1 to ${MAX_NAME} characters of text`,
  )
  name: string;

  @ApiProperty({ enum: modes })
  @IsIn(modes)
  mode: (typeof modes)[number];

  @ApiPropertyOptional({
    enum: tenantScopes,
    isArray: true,
    description: 'Default: those of the key that asks, which can give no more than it has.',
  })
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(tenantScopes, { each: true })
  scopes?: string[] | null;

  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true })
  @IsOptional()
  @Must('invalid_time', isTime, 'must be an RFC 3339 time')
  expires_at?: string | null;
}
