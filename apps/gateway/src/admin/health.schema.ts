import { ApiProperty } from '@nestjs/swagger';
import { type Tier, tiers } from '@penguinmails/contracts';
import { SectionProblem } from '../email/email-sections.schema.js';
import { Count, Flag, Kind, ListOf, nullable, OneOf, Text, Time } from '../openapi/fields.js';

export class PoolHealth {
  @Count() max: number;
  @Count() total: number;
  @Count() idle: number;
  @Count() waiting: number;
}

export class DatabaseHealth {
  @Flag() reachable: boolean;
  @ApiProperty({ type: Number, ...nullable }) latency_ms: number | null;
  @ApiProperty({ type: () => PoolHealth }) pool: PoolHealth;
}

export class OutboxHealth {
  @Count({ description: 'Events not yet on Kafka.' }) depth: number;
  @ApiProperty({ type: Number }) oldest_age_seconds: number;
}

export class ConsumerHealth {
  @Text() state: string;
  @Count({ description: 'Records not yet taken in.' }) lag: number;
}

export class JobsHealth {
  @Count() scheduled: number;
  @Count() ready: number;
  @Count() running: number;
  @Count() dead: number;
  @ApiProperty({ type: Number }) oldest_ready_age_seconds: number;
}

/** What a tier says about itself. Null: it cannot tell at the moment. */
export class TierDetails {
  @ApiProperty({ type: () => DatabaseHealth }) database: DatabaseHealth;
  @ApiProperty({ type: () => OutboxHealth, ...nullable }) outbox: OutboxHealth | null;
  @ApiProperty({ type: () => ConsumerHealth, ...nullable }) consumer: ConsumerHealth | null;

  @ApiProperty({ type: () => JobsHealth, ...nullable, description: 'The queue tier only.' })
  jobs: JobsHealth | null;
}

export const tierStatuses = ['ok', 'degraded', 'unavailable'] as const;
export type TierStatus = (typeof tierStatuses)[number];

export class TierHealth {
  @OneOf(tiers) tier: Tier;

  @OneOf(tierStatuses, { description: 'degraded: it answers, but its database does not.' })
  status: TierStatus;

  @Time(nullable) as_of: string | null;
  @ApiProperty({ type: () => TierDetails, ...nullable }) data: TierDetails | null;
  @ApiProperty({ type: () => SectionProblem, ...nullable }) error: SectionProblem | null;
}

export class PlatformHealth {
  @Kind('health') object: 'health';
  @OneOf(['ok', 'degraded']) status: 'ok' | 'degraded';
  @Time() as_of: string;
  @ListOf(() => TierHealth) tiers: TierHealth[];
}
