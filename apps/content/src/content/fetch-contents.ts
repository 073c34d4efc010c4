import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { AnswerBudget } from './answer-budget.js';
import { AttachmentRepository } from './attachment.repository.js';
import { DamagedBytes } from './compression.js';
import type { Body } from './content-hash.js';
import { ContentRepository } from './content.repository.js';
import type { AttachmentBytesRow, AttachmentRow, ContentRow } from './content.rows.js';
import type { ContentPair } from './content-pair.js';
import {
  askedByTenant,
  type FetchPlan,
  type GrantedKeys,
  planFetch,
  type TenantKeys,
} from './fetch-plan.js';
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

interface TenantPlan extends FetchPlan {
  readonly tenantId: string;
}

interface Stored {
  readonly rows: readonly ContentRow[];
  readonly files: readonly AttachmentBytesRow[];
}

/**
 * Hands contents to the worker that holds their jobs. All tenants' statements of one kind travel together,
 * each under its own tenant: sizes first, so that no bytes are read only to be deferred.
 */
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
    const asked = askedByTenant(granted, items);
    for (const { tenantId, refused } of asked) answer.missing.push(...pairs(tenantId, refused));
    const plans = await this.plan(asked.filter((some) => some.granted.length > 0));
    for (const { tenantId, missing, deferred } of plans) {
      answer.missing.push(...pairs(tenantId, missing));
      answer.deferred.push(...pairs(tenantId, deferred));
    }
    const toRead = plans.filter(({ fitting }) => fitting.length > 0);
    const stored = await this.read(toRead);
    for (const [at, { tenantId, fitting }] of toRead.entries())
      await this.openAll(tenantId, fitting, stored[at], answer);
    return answer;
  }

  private async plan(asked: readonly TenantKeys[]): Promise<TenantPlan[]> {
    const budget = new AnswerBudget();
    const sizes = await this.tenants.each(tenantsOf(asked), (tx, at) =>
      this.contents.sizes(tx, asked[at].granted),
    );
    return asked.map(({ tenantId, granted }, at) => ({
      tenantId,
      ...planFetch(granted, sizes[at], budget),
    }));
  }

  private async read(plans: readonly TenantPlan[]): Promise<Stored[]> {
    const rows = await this.tenants.each(tenantsOf(plans), (tx, at) =>
      this.contents.read(tx, plans[at].fitting),
    );
    const files = await this.tenants.each(tenantsOf(plans), async (tx, at) => {
      const { withFiles } = plans[at];
      return withFiles.length === 0 ? [] : this.attachments.listWithBytes(tx, withFiles);
    });
    return plans.map((_, at) => ({ rows: rows[at], files: files[at] }));
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

const tenantsOf = (some: readonly { readonly tenantId: string }[]): string[] =>
  some.map(({ tenantId }) => tenantId);

function pairs(tenantId: string, keys: readonly string[]): ContentPair[] {
  return keys.map((storageKey) => ({ tenantId, storageKey }));
}
