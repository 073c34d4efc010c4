import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Count, Flag, Id, Kind, ListOf, nullable, OneOf, Text, Time } from '../openapi/fields.js';
import { Email } from './email.schema.js';

export const dispositions = ['attachment', 'inline'] as const;
export type Disposition = (typeof dispositions)[number];

/** A file of an e-mail; its bytes are a resource of their own. */
export class EmailAttachment {
  @Id() id: string;
  @Text() filename: string;
  @Text() content_type: string;
  @Count() size_bytes: number;
  @OneOf(dispositions) disposition: Disposition;
  @Text(nullable) content_id: string | null;
}

export class EmailContent {
  @Kind('email_content') object: 'email_content';
  @Id() email_id: string;
  @Text(nullable) text: string | null;
  @Text(nullable) html: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  headers: Readonly<Record<string, string>>;

  @ListOf(() => EmailAttachment) attachments: EmailAttachment[];
}

/** One try to hand an e-mail to the next mail server. */
export class Attempt {
  @Count({ minimum: 1 }) attempt: number;
  @Text({ description: 'delivered, deferred, bounced, failed, unknown, cancelled' })
  outcome: string;
  @ApiProperty({ type: 'integer', ...nullable, description: 'SMTP reply code' }) code:
    number | null;
  @Text({ ...nullable, description: 'RFC 3463' }) enhanced_code: string | null;
  @Text(nullable) error_code: string | null;
  @Text({ ...nullable, description: 'Reply of the server, addresses masked.' }) reply:
    string | null;
  @Time() started_at: string;
  @Time() finished_at: string;
}

export class SectionProblem {
  @Text() code: string;
  @Text() detail: string;
  @Text({ ...nullable, description: 'The tier that is down.' }) tier: string | null;
  @Flag() retryable: boolean;
}

class SectionFields {
  @OneOf(['ok', 'unavailable']) status: 'ok' | 'unavailable';
  @Time(nullable) as_of: string | null;
  @ApiProperty({ type: () => SectionProblem, nullable: true }) error: SectionProblem | null;
}

export class ContentSection extends SectionFields {
  @ApiProperty({ type: () => EmailContent, nullable: true }) data: EmailContent | null;
}

export class AttemptsSection extends SectionFields {
  @ApiProperty({ type: () => Attempt, isArray: true, nullable: true }) data: Attempt[] | null;
}

/** An e-mail with the parts that `include` asked for. */
export class ComposedEmail extends Email {
  @ApiPropertyOptional({ type: Boolean, description: 'With `include`: a part is unavailable.' })
  degraded?: boolean;

  @ApiPropertyOptional({ type: () => ContentSection, description: 'With `include=content`.' })
  content?: ContentSection;

  @ApiPropertyOptional({ type: () => AttemptsSection, description: 'With `include=attempts`.' })
  attempts?: AttemptsSection;
}

export const ATTACHMENT_FIELDS = [
  'id',
  'filename',
  'content_type',
  'size_bytes',
  'disposition',
  'content_id',
] as const satisfies readonly (keyof EmailAttachment)[];

export const ATTEMPT_FIELDS = [
  'attempt',
  'outcome',
  'code',
  'enhanced_code',
  'error_code',
  'reply',
  'started_at',
  'finished_at',
] as const satisfies readonly (keyof Attempt)[];
