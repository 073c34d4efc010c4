import { ApiProperty } from '@nestjs/swagger';
import { Count, Flag, Id, Kind, ListOf, nullable, Text, Time } from '../openapi/fields.js';
import { ListFields } from '../page/list-fields.js';

export class QueueDepth {
  @Count({ description: 'Waiting for their time.' }) scheduled: number;
  @Count() ready: number;
  @Count() running: number;
  @Count({ description: 'Dead letters that nobody has redriven.' }) dead: number;
}

/** One job type. */
export class Queue {
  @Kind('queue') object: 'queue';
  @Text({ example: 'send_email' }) type: string;
  @Flag() paused: boolean;
  @Text({ ...nullable, description: 'Why it is paused.' }) reason: string | null;
  @Time(nullable) paused_at: string | null;

  @ApiProperty({ type: () => QueueDepth, description: 'At most 5 s old.' })
  depth: QueueDepth;

  @ApiProperty({ type: Number }) oldest_ready_age_seconds: number;

  @ApiProperty({
    type: Number,
    description:
      'Ended jobs, averaged over the last 5 minutes; recipients of a batch count when it ends.',
  })
  finished_per_minute: number;
}

export class QueueList extends ListFields {
  @ListOf(() => Queue) data: readonly Queue[];
}

/** A tenant or mailbox whose jobs wait. */
export class QueuePause {
  @Kind('queue_pause') object: 'queue_pause';
  @Id() tenant_id: string;
  @Id({ ...nullable, description: 'Null: the whole tenant.' }) mailbox_id: string | null;
  @Text(nullable) reason: string | null;
  @Time() paused_at: string;
}

export class QueuePauseList extends ListFields {
  @ListOf(() => QueuePause) data: readonly QueuePause[];
}

/** A mailbox that is being made known. */
export class Warmup {
  @Text({ format: 'date', description: 'The first day, UTC.' }) started_on: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'integer', minimum: 1 },
    description: 'The n-th entry caps the n-th day; after the last one `per_day` alone counts.',
  })
  curve: readonly number[];
}

/** How much of a tenant's work may start. */
export class QueueLimit {
  @Kind('queue_limit') object: 'queue_limit';
  @Id() tenant_id: string;
  @Text({ example: 'mailbox:0190b5a0-0000-7000-8000-00000000000a' }) limit_key: string;
  @ApiProperty({ type: 'integer', minimum: 1, ...nullable }) per_minute: number | null;
  @ApiProperty({ type: 'integer', minimum: 1, ...nullable }) per_day: number | null;
  @ApiProperty({ type: () => Warmup, ...nullable }) warmup: Warmup | null;

  @Count({ ...nullable, description: 'Null for `domain:*`: each domain counts for itself.' })
  used_today: number | null;

  @Time() updated_at: string;
}

export class QueueLimitList extends ListFields {
  @ListOf(() => QueueLimit) data: readonly QueueLimit[];
}

export const QUEUE_FIELDS = [
  'object',
  'type',
  'paused',
  'reason',
  'paused_at',
  'depth',
  'oldest_ready_age_seconds',
  'finished_per_minute',
] as const satisfies readonly (keyof Queue)[];

export const QUEUE_PAUSE_FIELDS = [
  'object',
  'tenant_id',
  'mailbox_id',
  'reason',
  'paused_at',
] as const satisfies readonly (keyof QueuePause)[];

export const QUEUE_LIMIT_FIELDS = [
  'object',
  'tenant_id',
  'limit_key',
  'per_minute',
  'per_day',
  'warmup',
  'used_today',
  'updated_at',
] as const satisfies readonly (keyof QueueLimit)[];
