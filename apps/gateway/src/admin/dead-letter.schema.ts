import { ApiProperty } from '@nestjs/swagger';
import { Count, Id, Kind, ListOf, nullable, OneOf, Text, Time } from '../openapi/fields.js';
import { ListFields } from '../page/list-fields.js';

export const deadOutcomes = ['failed', 'deferred', 'unknown', 'lease_lost'] as const;
export type DeadOutcome = (typeof deadOutcomes)[number];

/** A job that is not tried any more. */
export class DeadLetter {
  @Kind('dead_letter') object: 'dead_letter';
  @Id() id: string;
  @Id() tenant_id: string;
  @Id({ description: 'The dead job.' }) job_id: string;
  @Text() type: string;
  @OneOf(deadOutcomes, { description: 'What its last try met.' }) outcome: DeadOutcome;
  @Text() error_code: string;
  @Count() attempts: number;
  @Count() max_attempts: number;
  @Count() lease_losses: number;
  @Text(nullable) correlation_id: string | null;
  @Time() job_created_at: string;
  @Time() died_at: string;
  @Time(nullable) redriven_at: string | null;
  @Id({ ...nullable, description: 'The job that it was redriven as.' }) redriven_as: string | null;
  @Id({ description: 'The job that died first.' }) root_job_id: string;
  @Count({ description: 'How often that one had been redriven by then.' }) redrives: number;
}

export class DeadLetterTry {
  @Count() attempt: number;
  @OneOf(['succeeded', 'delivered', 'deferred', 'bounced', 'failed', 'unknown']) outcome: string;
  @ApiProperty({ type: 'integer', ...nullable }) code: number | null;
  @Text(nullable) enhanced_code: string | null;
  @Text(nullable) error_code: string | null;
  @Text({ ...nullable, description: 'Without addresses.' }) reply: string | null;
  @Text() leased_by: string;
  @Time() started_at: string;
  @Time() finished_at: string;
}

export class DeadLetterDetails extends DeadLetter {
  @ApiProperty({ type: 'object', additionalProperties: true })
  payload: Readonly<Record<string, unknown>>;

  @ListOf(() => DeadLetterTry) tries: readonly DeadLetterTry[];
}

export class DeadLetterList extends ListFields {
  @ListOf(() => DeadLetter) data: readonly DeadLetter[];
}

export class TypeCount {
  @Text() type: string;
  @Count() count: number;
}

export class ErrorCodeCount {
  @Text() error_code: string;
  @Count() count: number;
}

/** What a redrive would take. */
export class RedrivePreview {
  @Kind('redrive_preview') object: 'redrive_preview';
  @Count() count: number;
  @ListOf(() => TypeCount) by_type: readonly TypeCount[];
  @ListOf(() => ErrorCodeCount) by_error_code: readonly ErrorCodeCount[];
  @ListOf(() => DeadLetter, { description: 'The latest 10 of them.' })
  sample: readonly DeadLetter[];
}

export const DEAD_LETTER_FIELDS = [
  'object',
  'id',
  'tenant_id',
  'job_id',
  'type',
  'outcome',
  'error_code',
  'attempts',
  'max_attempts',
  'lease_losses',
  'correlation_id',
  'job_created_at',
  'died_at',
  'redriven_at',
  'redriven_as',
  'root_job_id',
  'redrives',
] as const satisfies readonly (keyof DeadLetter)[];

export const DEAD_LETTER_TRY_FIELDS = [
  'attempt',
  'outcome',
  'code',
  'enhanced_code',
  'error_code',
  'reply',
  'leased_by',
  'started_at',
  'finished_at',
] as const satisfies readonly (keyof DeadLetterTry)[];
