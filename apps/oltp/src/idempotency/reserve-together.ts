import { Injectable } from '@nestjs/common';
import { isInfrastructure, isTenantBusy, TenantDatabase } from '@penguinmails/database';
import type { Outcome } from '@penguinmails/http';
import {
  type IdempotencyClaim,
  IdempotencyRepository,
  scopeText,
} from './idempotency.repository.js';
import { ReserveKey } from './reserve-key.js';

/** One key to be reserved for a tenant. */
export interface ReserveCall {
  readonly tenantId: string;
  readonly claim: IdempotencyClaim;
  readonly fingerprint: string;
}

/**
 * Reserves keys of several tenants in one statement. Most keys are new and are taken there; one that
 * somebody has, and a second call for the same key, goes the single way, which can tell why; the others
 * do not wait for it.
 */
@Injectable()
export class ReserveTogether {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly keys: IdempotencyRepository,
    private readonly single: ReserveKey,
  ) {}

  /** @returns one outcome for each, in their order; a lost database is the outcome of all of them */
  async execute(calls: readonly ReserveCall[]): Promise<Outcome[]> {
    let taken: ReadonlySet<ReserveCall> = new Set();
    try {
      taken = await this.together(distinct(calls));
    } catch (error) {
      if (isInfrastructure(error) || isTenantBusy(error)) return calls.map(() => ({ error }));
    }
    return Promise.all(calls.map((call) => (taken.has(call) ? RESERVED : this.alone(call))));
  }

  private async together(calls: readonly ReserveCall[]): Promise<ReadonlySet<ReserveCall>> {
    const places = await this.tenants.rowByRow(
      calls.map(({ tenantId }) => tenantId),
      (tx) => this.keys.reserveForMany(tx, calls),
    );
    return new Set(calls.filter((_call, place) => places.has(place)));
  }

  private async alone({ tenantId, claim, fingerprint }: ReserveCall): Promise<Outcome> {
    try {
      return { status: 200, body: await this.single.execute(tenantId, claim, fingerprint) };
    } catch (error) {
      return { error };
    }
  }
}

const RESERVED: Outcome = { status: 200, body: { state: 'reserved' } };

/** The first call for each key: one statement can take a key once. */
function distinct(calls: readonly ReserveCall[]): ReserveCall[] {
  const first = new Map<string, ReserveCall>();
  for (const call of calls) {
    const id = `${call.tenantId} ${scopeText(call.claim)}`;
    if (!first.has(id)) first.set(id, call);
  }
  return [...first.values()];
}
