import { Injectable } from '@nestjs/common';
import { isInfrastructure, isTenantBusy, TenantDatabase } from '@penguinmails/database';
import type { Outcome } from '@penguinmails/http';
import { nameOf } from './content-pair.js';
import { toPutAnswer } from './content.answers.js';
import { ContentRepository } from './content.repository.js';
import { type ContentInput, readContent } from './new-content.js';
import { type PreparedContent, prepareContent } from './prepared-content.js';
import { PutContent } from './put-content.js';
import { rowOf } from './store-content.js';

/** One content to be stored for a tenant. */
export interface PutCall {
  readonly tenantId: string;
  readonly storageKey: string;
  readonly input: ContentInput;
}

interface Prepared {
  readonly call: PutCall;
  readonly prepared: PreparedContent;
}

/**
 * Stores contents of several tenants as {@link PutContent} stores one, in one transaction. Only bodies
 * that live in their own row go this way: shared blobs and files take locks that others wait for. A key
 * that is taken, and whatever else this cannot settle, goes the single way.
 */
@Injectable()
export class PutTogether {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly contents: ContentRepository,
    private readonly single: PutContent,
  ) {}

  /** @returns one outcome for each, in their order; a lost database is the outcome of all of them */
  async execute(calls: readonly PutCall[]): Promise<Outcome[]> {
    const outcomes = new Map<PutCall, Outcome>();
    const prepared = await Promise.all(calls.map((call) => prepare(call, outcomes)));
    try {
      await this.together(prepared.flat(), outcomes);
    } catch (error) {
      if (isInfrastructure(error) || isTenantBusy(error)) return calls.map(() => ({ error }));
    }
    return Promise.all(calls.map((call) => outcomes.get(call) ?? this.alone(call)));
  }

  private async together(all: readonly Prepared[], outcomes: Map<PutCall, Outcome>): Promise<void> {
    const alike = inOrder(all.filter(({ prepared }) => prepared.references.size === 0));
    if (alike.length === 0) return;
    const rows = alike.map(({ prepared }) => rowOf(prepared, new Map()));
    const stored = await this.tenants.rowByRow(
      alike.map(({ call }) => call.tenantId),
      (tx) => this.contents.insertForMany(tx, rows),
    );
    for (const at of stored) outcomes.set(alike[at].call, created(alike[at].prepared));
  }

  private async alone({ tenantId, storageKey, input }: PutCall): Promise<Outcome> {
    try {
      const result = await this.single.execute(tenantId, storageKey, input);
      return { status: result.created ? 201 : 200, body: toPutAnswer(storageKey, result) };
    } catch (error) {
      return { error };
    }
  }
}

/**
 * Each key of a tenant once: who comes second goes the single way. In one order, so that two batches with
 * the same keys do not wait for each other.
 */
function inOrder(all: readonly Prepared[]): Prepared[] {
  const byName = new Map<string, Prepared>();
  for (const one of all) {
    const name = nameOf(one.call);
    if (!byName.has(name)) byName.set(name, one);
  }
  const names = [...byName.keys()].sort();
  return names.map((name) => byName.get(name) as Prepared);
}

async function prepare(call: PutCall, outcomes: Map<PutCall, Outcome>): Promise<Prepared[]> {
  try {
    return [{ call, prepared: await prepareContent(call.storageKey, readContent(call.input)) }];
  } catch (error) {
    outcomes.set(call, { error });
    return [];
  }
}

function created({ storageKey, contentHash, rawSizeBytes, files }: PreparedContent): Outcome {
  const result = { created: true, contentHash, rawSizeBytes, files };
  return { status: 201, body: toPutAnswer(storageKey, result) };
}
