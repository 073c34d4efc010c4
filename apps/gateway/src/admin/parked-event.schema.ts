import { ApiProperty } from '@nestjs/swagger';
import { type Tier, tiers } from '@penguinmails/contracts';
import { SectionProblem } from '../email/email-sections.schema.js';
import { Count, Flag, Id, Kind, ListOf, nullable, OneOf, Text, Time } from '../openapi/fields.js';
import { ListFields } from '../page/list-fields.js';

export const parkedStates = ['retrying', 'waiting', 'dead'] as const;
export type ParkedState = (typeof parkedStates)[number];

/** An event that a tier could not handle yet, or gave up. */
export class ParkedEvent {
  @Kind('parked_event') object: 'parked_event';
  @Id() id: string;
  @OneOf(tiers, { description: 'The tier that could not handle it.' }) tier: Tier;

  @OneOf(parkedStates, {
    description: 'waiting: behind an earlier one of its key. dead: given up after its last try.',
  })
  state: ParkedState;

  @Id({ description: 'The nil UUID for the platform itself.' }) tenant_id: string;
  @Text() topic: string;
  @Count() partition: number;
  @Text({ description: 'Place in the partition, decimal digits.' }) offset: string;
  @Text({ description: 'Events of one key take effect in order.' }) key: string;
  @Id() event_id: string;
  @Text({ example: 'penguinmails.email.accepted.v1' }) type: string;
  @Count() attempts: number;
  @Text({ ...nullable, description: 'Short name of the last failure.' }) last_error: string | null;
  @Time(nullable) next_attempt_at: string | null;
  @Time({ description: 'When it was parked.' }) created_at: string;
  @Time({ ...nullable, description: 'When it was given up.' }) dead_at: string | null;
}

/** Whether the rows of a tier are in the list. */
export class ParkedEventSource {
  @OneOf(tiers) tier: Tier;

  @OneOf(['ok', 'degraded'], { description: 'degraded: the tier did not answer.' })
  status: 'ok' | 'degraded';

  @ApiProperty({ type: () => SectionProblem, ...nullable }) error: SectionProblem | null;
}

export class ParkedEventList extends ListFields {
  @ListOf(() => ParkedEvent) data: readonly ParkedEvent[];

  @Flag({ description: 'Rows of at least one tier are missing on this page.' })
  degraded: boolean;

  @ListOf(() => ParkedEventSource) tiers: readonly ParkedEventSource[];
}

export const PARKED_EVENT_FIELDS = [
  'object',
  'id',
  'state',
  'tenant_id',
  'topic',
  'partition',
  'offset',
  'key',
  'event_id',
  'type',
  'attempts',
  'last_error',
  'next_attempt_at',
  'created_at',
  'dead_at',
] as const satisfies readonly (keyof ParkedEvent)[];
