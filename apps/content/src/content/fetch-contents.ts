import { Injectable } from '@nestjs/common';
import { TenantDatabase, type TenantRows } from '@penguinmails/database';
import { AnswerBudget } from './answer-budget.js';
import { DamagedBytes } from './compression.js';
import type { Body } from './content-hash.js';
import type { AttachmentBytesRow, AttachmentRow, ContentRow } from './content.rows.js';
import type { ContentPair } from './content-pair.js';
import { type FittingContent, type GrantedKeys, partAsked, planFetch } from './fetch-plan.js';
import { FetchRepository, ReadUnderAnotherTenant } from './fetch.repository.js';
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
  readonly contents: readonly FetchedContent[];
  /** Unknown, not granted or damaged: asking again does not help. */
  readonly missing: readonly ContentPair[];
  /** Did not fit into this answer. */
  readonly deferred: readonly ContentPair[];
}

/** @returns one for each key, in their order */
type ReadKeys<T> = (tx: TenantRows, keys: readonly string[]) => Promise<T[]>;

/**
 * Hands contents to the worker that holds their jobs. What is read of one kind is one statement for all
 * tenants, each key under its own: sizes first, so that no bytes are read only to be deferred.
 */
@Injectable()
export class FetchContents {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly contents: FetchRepository,
    private readonly corruption: ReportCorruption,
  ) {}

  /** A key outside the grants is answered like one that does not exist. */
  async execute(granted: GrantedKeys, items: readonly ContentPair[]): Promise<FetchAnswer> {
    const asked = partAsked(granted, items);
    const sizes = await this.read(asked.granted, (tx, keys) => this.contents.sizes(tx, keys));
    const { fitting, deferred, missing } = planFetch(asked.granted, sizes, new AnswerBudget());
    const opened = await this.openAll(fitting);
    const lost = fitting.filter((_, at) => !opened[at]).map(({ pair }) => pair);
    const contents = opened.filter((content) => content !== undefined);
    return { contents, missing: [...asked.refused, ...missing, ...lost], deferred };
  }

  private async openAll(
    fitting: readonly FittingContent[],
  ): Promise<(FetchedContent | undefined)[]> {
    const pairs = fitting.map(({ pair }) => pair);
    const bodies = await this.read(pairs, (tx, keys) => this.contents.bodies(tx, keys));
    const withFiles = fitting.filter(({ hasFiles }) => hasFiles).map(({ pair }) => pair);
    const files = await this.read(withFiles, (tx, keys) => this.contents.files(tx, keys));
    const filesOf = new Map(withFiles.map((pair, at) => [pair, files[at]]));
    const opened: (FetchedContent | undefined)[] = [];
    for (const [at, pair] of pairs.entries())
      opened.push(await this.open(pair, bodies[at], filesOf.get(pair) ?? []));
    return opened;
  }

  private async read<T>(pairs: readonly ContentPair[], work: ReadKeys<T>): Promise<T[]> {
    try {
      return await this.readTogether(pairs, work);
    } catch (error) {
      if (!(error instanceof ReadUnderAnotherTenant)) throw error;
      return this.readEach(pairs, work);
    }
  }

  private async readTogether<T>(pairs: readonly ContentPair[], work: ReadKeys<T>): Promise<T[]> {
    if (pairs.length === 0) return [];
    const keys = pairs.map(({ storageKey }) => storageKey);
    return this.tenants.rowByRow(
      pairs.map(({ tenantId }) => tenantId),
      (tx) => work(tx, keys),
    );
  }

  /** One tenant after the other. */
  private async readEach<T>(pairs: readonly ContentPair[], work: ReadKeys<T>): Promise<T[]> {
    const found = new Map<ContentPair, T>();
    for (const own of Map.groupBy(pairs, ({ tenantId }) => tenantId).values()) {
      const read = await this.readTogether(own, work);
      own.forEach((pair, at) => found.set(pair, read[at]));
    }
    return pairs.map((pair) => found.get(pair) as T);
  }

  /** @returns undefined when it is gone, or when its bytes are damaged, which operators are told of */
  private async open(
    { tenantId, storageKey }: ContentPair,
    row: ContentRow | undefined,
    files: readonly AttachmentBytesRow[],
  ): Promise<FetchedContent | undefined> {
    if (!row) return undefined;
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
