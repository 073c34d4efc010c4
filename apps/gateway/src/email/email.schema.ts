import { Count, Id, Kind, ListOf, nullable, OneOf, Text, Time } from '../openapi/fields.js';
import { ListFields } from '../page/list-fields.js';

/** Where an e-mail stands; delivered = accepted by the next mail server. */
export const emailStatuses = [
  'pending',
  'scheduled',
  'queued',
  'sending',
  'delivered',
  'deferred',
  'bounced',
  'failed',
  'suppressed',
  'cancelled',
  'unknown',
] as const;
export type EmailStatus = (typeof emailStatuses)[number];

export const modes = ['live', 'test'] as const;

export class EmailTag {
  @Text() name: string;
  @Text() value: string;
}

/** An e-mail without its content. */
export class Email {
  @Kind('email') object: 'email';
  @Id() id: string;
  @OneOf(modes, { description: 'That of the key it was sent with.' }) mode: (typeof modes)[number];
  @OneOf(emailStatuses) status: EmailStatus;
  @Text({ format: 'email' }) from: string;
  @Text({ format: 'email' }) to: string;
  @Text() subject: string;
  @Text({ ...nullable, format: 'email' }) reply_to: string | null;
  @ListOf(() => EmailTag) tags: EmailTag[];
  @Time(nullable) scheduled_at: string | null;
  @Time() created_at: string;
  @Time() updated_at: string;
  @Time(nullable) sent_at: string | null;
  @Text({ description: 'Its Message-ID header, the same at every attempt.' }) message_id: string;
  @Count({ description: 'Bodies and files, decoded.' }) size_bytes: number;
  @Text(nullable) last_error_code: string | null;
}

export class EmailList extends ListFields {
  @ListOf(() => Email) data: readonly Email[];
}

export const EMAIL_FIELDS = [
  'object',
  'id',
  'mode',
  'status',
  'from',
  'to',
  'subject',
  'reply_to',
  'tags',
  'scheduled_at',
  'created_at',
  'updated_at',
  'sent_at',
  'message_id',
  'size_bytes',
  'last_error_code',
] as const satisfies readonly (keyof Email)[];
