import { Injectable } from '@nestjs/common';
import { Database } from '@penguinmails/database';
import type { ConsumerState } from '@penguinmails/kafka';
import { metrics, observeGauge, observeGauges, registerDetail } from '@penguinmails/observability';
import { EventTransport } from './event-transport.js';
import { readStats } from './messaging-stats.js';

/** For `GET /internal/health` and the health details. */
export interface MessagingReport {
  outbox: { depth: number; oldest_age_seconds: number };
  consumer: { state: ConsumerState['status']; lag: number };
}

/** How far publishing and consuming are behind. */
@Injectable()
export class MessagingHealth {
  constructor(
    private readonly database: Database,
    private readonly transport: EventTransport,
  ) {}

  /** Asks the own database only; the consumer's figures are those last measured. */
  async report(): Promise<MessagingReport> {
    const stats = await readStats(this.database.system);
    const oldest = Math.round(stats.outboxOldestSeconds * 1000) / 1000;
    return {
      outbox: { depth: stats.outboxDepth, oldest_age_seconds: oldest },
      consumer: { state: this.#state(), lag: this.transport.consumer?.lag().records ?? 0 },
    };
  }

  /** Shows the figures as metrics and the consumer as a health detail; returns how to end it. */
  publish(): () => void {
    const ends = [
      observeGauges([metrics.outboxDepth, metrics.outboxOldestAge, metrics.parkedKeys], () =>
        this.#databaseReadings(),
      ),
      observeGauge(metrics.consumerState, () => [
        { value: 1, attributes: { state: this.#state() } },
      ]),
      observeGauge(metrics.consumerLag, () => this.#lagReadings()),
      registerDetail('consumer', () => this.transport.consumer?.state() ?? { status: 'idle' }),
    ];
    return () => ends.forEach((end) => end());
  }

  #state(): ConsumerState['status'] {
    return this.transport.consumer?.state().status ?? 'idle';
  }

  async #databaseReadings() {
    const stats = await readStats(this.database.system);
    return [
      { metric: metrics.outboxDepth, value: stats.outboxDepth },
      { metric: metrics.outboxOldestAge, value: stats.outboxOldestSeconds },
      { metric: metrics.parkedKeys, value: stats.parkedKeys },
    ];
  }

  #lagReadings() {
    const partitions = this.transport.consumer?.lag().partitions ?? [];
    return partitions.map(({ topic, partition, records }) => ({
      value: records,
      attributes: {
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': String(partition),
      },
    }));
  }
}
