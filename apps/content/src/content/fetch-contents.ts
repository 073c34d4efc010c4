import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { AnswerBudget } from './answer-budget.js';
import { AttachmentRepository } from './attachment.repository.js';
import { DamagedBytes } from './compression.js';
import type { Body } from './content-hash.js';
import { ContentRepository } from './content.repository.js';
import type { AttachmentBytesRow, AttachmentRow, ContentRow } from './content.rows.js';
import type { ContentPair } from './content.system.repository.js';
import { askedByTenant, type GrantedKeys, planFetch, type TenantKeys } from './fetch-plan.js';
import { openBody, openFile } from './open-content.js';
import { ReportCorruption } from './report-corruption.js';

export interface FetchedFile extends AttachmentRow {
  readonly bytes: Buffer;
}

export interface FetchedContent extends ContentPair {
  readonly body: Body;
  readonly row: ContentRow;
  readonly files: readonly FetchedFile[];
}

export interface FetchAnswer {
  readonly contents: FetchedContent[];
  /** Unknown, not granted or damaged: asking again does not help. */
  readonly missing: ContentPair[];
  /** Did not fit into this answer. */
  readonly deferred: ContentPair[];
}

interface Stored {
  readonly rows: readonly ContentRow[];
  readonly files: readonly AttachmentBytesRow[];
}

/** How many tenants of one call are read at once: one call must not take the whole pool. */
const CONCURRENCY = 4;

/** Hands contents to the worker that holds their jobs, few tenants at a time. */
@Injectable()
export class FetchContents {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly contents: ContentRepository,
    private readonly attachments: AttachmentRepository,
    private readonly corruption: ReportCorruption,
  ) {}

  /** A key outside the grants is answered like one that does not exist. */
  async execute(granted: GrantedKeys, items: readonly ContentPair[]): Promise<FetchAnswer> {
    const answer: FetchAnswer = { contents: [], missing: [], deferred: [] };
    const budget = new AnswerBudget();
    const waiting = askedByTenant(granted, items).reverse();
    const work = async (): Promise<void> => {
      for (let asked = waiting.pop(); asked; asked = waiting.pop()) {
        answer.missing.push(...pairs(asked.tenantId, asked.refused));
        if (asked.granted.length > 0) await this.fetchTenant(asked, budget, answer);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return answer;
  }

  /** Asks for sizes first, so that no bytes are read only to be deferred. */
  private async fetchTenant(
    { tenantId, granted }: TenantKeys,
    budget: AnswerBudget,
    answer: FetchAnswer,
  ): Promise<void> {
    const readOnly = { readOnly: true };
    const sizes = await this.tenants.once(
      tenantId,
      (tx) => this.contents.sizes(tx, granted),
      readOnly,
    );
    const plan = planFetch(granted, sizes, budget);
    answer.missing.push(...pairs(tenantId, plan.missing));
    answer.deferred.push(...pairs(tenantId, plan.deferred));
    if (plan.fitting.length > 0)
      await this.openAll(tenantId, plan.fitting, await this.read(tenantId, plan.fitting), answer);
  }

  private read(tenantId: string, keys: readonly string[]): Promise<Stored> {
    return this.tenants.transaction(
      tenantId,
      async (tx) => ({
        rows: await this.contents.read(tx, keys),
        files: await this.attachments.listWithBytes(tx, keys),
      }),
      { readOnly: true },
    );
  }

  private async openAll(
    tenantId: string,
    keys: readonly string[],
    stored: Stored,
    answer: FetchAnswer,
  ): Promise<void> {
    const rows = new Map(stored.rows.map((row) => [row.storageKey, row]));
    for (const storageKey of keys) {
      const row = rows.get(storageKey);
      const files = stored.files.filter((file) => file.storageKey === storageKey);
      const opened = row && (await this.open(tenantId, row, files));
      if (opened) answer.contents.push(opened);
      else answer.missing.push({ tenantId, storageKey });
    }
  }

  /** @returns undefined when the bytes are damaged, which operators are told of */
  private async open(
    tenantId: string,
    row: ContentRow,
    files: readonly AttachmentBytesRow[],
  ): Promise<FetchedContent | undefined> {
    const { storageKey } = row;
    try {
      const body = await openBody(row);
      return { tenantId, storageKey, row, body, files: await openFiles(files) };
    } catch (error) {
      if (!(error instanceof DamagedBytes)) throw error;
      await this.corruption.execute(tenantId, storageKey);
      return undefined;
    }
  }
}

async function openFiles(rows: readonly AttachmentBytesRow[]): Promise<FetchedFile[]> {
  const files: FetchedFile[] = [];
  for (const row of rows) files.push({ ...row, bytes: await openFile(row) });
  return files;
}

function pairs(tenantId: string, keys: readonly string[]): ContentPair[] {
  return keys.map((storageKey) => ({ tenantId, storageKey }));
}
