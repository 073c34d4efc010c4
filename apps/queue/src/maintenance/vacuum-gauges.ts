import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { metrics, observeGauges } from '@penguinmails/observability';
import { VacuumSystemRepository } from './vacuum.system.repository.js';

/** How vacuum is doing, read when somebody scrapes the metrics. */
@Injectable()
export class VacuumGauges implements OnModuleInit, OnModuleDestroy {
  private stopObserving?: () => void;

  constructor(
    private readonly database: SystemDatabase,
    private readonly vacuum: VacuumSystemRepository,
  ) {}

  onModuleInit(): void {
    const gauges = [metrics.horizonAge, metrics.queueDeadTuples] as const;
    this.stopObserving = observeGauges(gauges, async () => {
      const state = await this.database.once((tx) => this.vacuum.state(tx), { readOnly: true });
      return [
        { metric: metrics.horizonAge, value: state.horizonAge },
        { metric: metrics.queueDeadTuples, value: state.deadTuples },
      ];
    });
  }

  onModuleDestroy(): void {
    this.stopObserving?.();
  }
}
