import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { Must } from '../request/must.js';
import { isContentId, isContentType, isFilename } from './attachment-rules.js';
import { isBase64 } from './base64.js';
import { type Disposition, dispositions } from './email-sections.schema.js';

/** A file of `POST /v1/emails`. */
export class AttachmentRequest {
  @ApiProperty({
    type: String,
    minLength: 1,
    maxLength: 255,
    description: 'A name without a path.',
  })
  @Must('invalid_filename', isFilename, 'must be a plain file name')
  filename: string;

  @ApiPropertyOptional({ type: String, maxLength: 100, default: 'application/octet-stream' })
  @IsOptional()
  @Must('invalid_content_type', isContentType, 'must be type/subtype')
  content_type?: string | null;

  @ApiProperty({
    type: String,
    contentEncoding: 'base64',
    description: 'Strict base64 with padding.',
  } as never)
  @Must('invalid_base64', isBase64, 'must be base64 with padding')
  content: string;

  @ApiPropertyOptional({ enum: dispositions, default: 'attachment' })
  @IsOptional()
  @IsIn(dispositions)
  disposition?: Disposition | null;

  @ApiPropertyOptional({
    type: String,
    maxLength: 255,
    nullable: true,
    description: 'For cid: links of the html.',
  })
  @IsOptional()
  @Must('invalid_content_id', isContentId, 'must be a content id without angle brackets')
  content_id?: string | null;
}
