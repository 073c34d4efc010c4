import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { metrics, observeGauges } from '@penguinmails/observability';
import { DepthSystemRepository, type TenantDepth } from './depth.system.repository.js';
import type { TypeDepth } from './type-depth.js';

/** Counting reads the whole hot table: not more often than this, however many ask. */
const KEPT_MS = 5000;

const STATES = ['scheduled', 'ready', 'running', 'dead'] as const;
const TENANT_GAUGES = [metrics.queueTenantDepth, metrics.queueTenantOldestAge] as const;

/** Depth and age of the queue, for the health answer and the gauges. */
@Injectable()
export class QueueDepth implements OnModuleInit, OnModuleDestroy {
  private counted?: { readonly at: number; readonly depths: Promise<Depths> };
  private stopObserving?: () => void;

  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: DepthSystemRepository,
  ) {}

  onModuleInit(): void {
    this.stopObserving = observeGauges(
      [metrics.queueDepth, metrics.queueOldestAge, ...TENANT_GAUGES],
      async () => {
        const { types, tenants } = await this.readAll();
        return [...types.flatMap(readings), ...tenants.flatMap(tenantReadings)];
      },
    );
  }

  onModuleDestroy(): void {
    this.stopObserving?.();
  }

  /** By job type; at most 5 s old. A failed count is not kept. */
  async read(): Promise<readonly TypeDepth[]> {
    return (await this.readAll()).types;
  }

  private async readAll(): Promise<Depths> {
    const now = performance.now();
    if (!this.counted || now - this.counted.at > KEPT_MS)
      this.counted = { at: now, depths: this.count() };
    const { depths } = this.counted;
    try {
      return await depths;
    } catch (error) {
      if (this.counted?.depths === depths) this.counted = undefined;
      throw error;
    }
  }

  private count(): Promise<Depths> {
    return this.database.transaction(
      async (tx) => {
        const [, types, tenants] = await Promise.all([
          this.repository.readWholeTables(tx),
          this.repository.count(tx),
          this.repository.tenants(tx),
        ]);
        return { types, tenants };
      },
      { readOnly: true },
    );
  }
}

interface Depths {
  readonly types: readonly TypeDepth[];
  readonly tenants: readonly TenantDepth[];
}

function tenantReadings({ tenantId, ready, oldestReadyAge }: TenantDepth) {
  const attributes = { 'penguinmails.tenant.id': tenantId };
  return [
    { metric: metrics.queueTenantDepth, value: ready, attributes },
    { metric: metrics.queueTenantOldestAge, value: oldestReadyAge, attributes },
  ];
}

function readings(depth: TypeDepth) {
  const type = { 'penguinmails.job.type': depth.type };
  return [
    ...STATES.map((state) => ({
      metric: metrics.queueDepth,
      value: depth[state],
      attributes: { ...type, state },
    })),
    { metric: metrics.queueOldestAge, value: depth.oldestReadyAge, attributes: type },
  ];
}
