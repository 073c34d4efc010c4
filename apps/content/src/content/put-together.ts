import { Injectable } from '@nestjs/common';
import { isInfrastructure, isTenantBusy, TenantDatabase } from '@penguinmails/database';
import type { Outcome } from '@penguinmails/http';
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
    const alike = all.filter(({ prepared }) => prepared.references.size === 0);
    const groups = [...Map.groupBy(alike, ({ call }) => call.tenantId)].sort(([one], [other]) =>
      one < other ? -1 : 1,
    );
    const stored = await this.tenants.each(
      groups.map(([tenantId]) => tenantId),
      (tx, at) =>
        this.contents.insertAll(
          tx,
          groups[at][1].map(({ prepared }) => rowOf(prepared, new Map())),
        ),
    );
    groups.forEach(([, group], at) => {
      for (const { call, prepared } of group)
        if (stored[at].has(call.storageKey)) outcomes.set(call, created(prepared));
    });
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
