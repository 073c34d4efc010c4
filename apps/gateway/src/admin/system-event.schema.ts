import { ApiProperty } from '@nestjs/swagger';
import { Count, Flag, Id, Kind, ListOf, nullable, OneOf, Text, Time } from '../openapi/fields.js';
import { ListFields } from '../page/list-fields.js';

export const severities = ['info', 'warning', 'error', 'critical'] as const;

/** Something an operator should know. */
export class SystemEvent {
  @Kind('system_event') object: 'system_event';
  @Id() id: string;
  @Text() event_type: string;
  @OneOf(severities) severity: (typeof severities)[number];
  @Text() description: string;

  @ApiProperty({ type: 'object', additionalProperties: true, ...nullable })
  details: Readonly<Record<string, unknown>> | null;

  @Id({ description: 'The nil UUID for the platform itself.' }) tenant_id: string;
  @Count() occurrences: number;
  @Flag() is_resolved: boolean;
  @Time() created_at: string;
  @Time() last_seen_at: string;
  @Time(nullable) resolved_at: string | null;
}

export class SystemEventList extends ListFields {
  @ListOf(() => SystemEvent) data: readonly SystemEvent[];
}

export const SYSTEM_EVENT_FIELDS = [
  'object',
  'id',
  'event_type',
  'severity',
  'description',
  'details',
  'tenant_id',
  'occurrences',
  'is_resolved',
  'created_at',
  'last_seen_at',
  'resolved_at',
] as const satisfies readonly (keyof SystemEvent)[];
