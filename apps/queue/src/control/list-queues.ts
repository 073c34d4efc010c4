import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { BatchTypes } from '../batch/batch-types.js';
import { QueueDepth } from '../health/queue-depth.js';
import type { TypeDepth } from '../health/type-depth.js';
import { JobTypes } from '../job-type/job-types.js';
import { FinishedRateSystemRepository } from './finished-rate.system.repository.js';
import {
  type QueueControl,
  QueueControlSystemRepository,
} from './queue-control.system.repository.js';

/** How one job type is doing. */
export interface QueueResource {
  readonly object: 'queue';
  readonly type: string;
  readonly paused: boolean;
  readonly reason: string | null;
  readonly paused_at: Date | null;
  readonly depth: Readonly<Record<'scheduled' | 'ready' | 'running' | 'dead', number>>;
  readonly oldest_ready_age_seconds: number;
  readonly finished_per_minute: number;
}

/** Every declared type of jobs and batches, and whatever else has some, in the order of their names. */
@Injectable()
export class ListQueues {
  constructor(
    private readonly database: SystemDatabase,
    private readonly depth: QueueDepth,
    private readonly controls: QueueControlSystemRepository,
    private readonly rates: FinishedRateSystemRepository,
    private readonly types: JobTypes,
    private readonly batchTypes: BatchTypes,
  ) {}

  async execute(): Promise<QueueResource[]> {
    const [depths, { controls, rates }] = await Promise.all([this.depth.read(), this.read()]);
    const names = new Set([
      ...depths.map(({ type }) => type),
      ...controls.map(({ type }) => type),
      ...this.types.all().map(({ type }) => type),
      ...this.batchTypes.names(),
    ]);
    return [...names].sort().map((type) => {
      const isOfType = (one: { readonly type: string }) => one.type === type;
      const { perMinute = 0 } = rates.find(isOfType) ?? {};
      return queueResource(type, controls.find(isOfType), depths.find(isOfType), perMinute);
    });
  }

  private read() {
    return this.database.transaction(
      async (tx) => ({
        controls: await this.controls.list(tx),
        rates: await this.rates.read(tx),
      }),
      { readOnly: true },
    );
  }
}

function queueResource(
  type: string,
  control: QueueControl | undefined,
  depth: TypeDepth | undefined,
  perMinute: number,
): QueueResource {
  const { scheduled = 0, ready = 0, running = 0, dead = 0, oldestReadyAge = 0 } = depth ?? {};
  return {
    object: 'queue',
    type,
    paused: control?.paused ?? false,
    reason: control?.reason ?? null,
    paused_at: control?.pausedAt ?? null,
    depth: { scheduled, ready, running, dead },
    oldest_ready_age_seconds: oldestReadyAge,
    finished_per_minute: perMinute,
  };
}
