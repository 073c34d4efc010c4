import { Secret } from '@penguinmails/config';
import { type EventData, newId, newStorageKey } from '@penguinmails/contracts';
import { type Database, type DatabaseSettings, openDatabase } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import { createTierDatabase, patientPools, type TierDatabase } from '@penguinmails/testing';
import pg from 'pg';
import { AccessLogRepository } from '../../src/access/access-log.repository.js';
import { AttachContents } from '../../src/content/attach-contents.js';
import { AttachmentRepository } from '../../src/content/attachment.repository.js';
import { BlobRepository } from '../../src/content/blob.repository.js';
import { ContentRepository } from '../../src/content/content.repository.js';
import { ContentSystemRepository } from '../../src/content/content.system.repository.js';
import { DeleteContent } from '../../src/content/delete-content.js';
import { FetchContents } from '../../src/content/fetch-contents.js';
import { FetchRepository } from '../../src/content/fetch.repository.js';
import { GetAttachment } from '../../src/content/get-attachment.js';
import { GetContent } from '../../src/content/get-content.js';
import type { AttachmentInput, ContentInput } from '../../src/content/new-content.js';
import { PutContent } from '../../src/content/put-content.js';
import { PutTogether } from '../../src/content/put-together.js';
import { RemoveContents } from '../../src/content/remove-contents.js';
import { ReportCorruption } from '../../src/content/report-corruption.js';
import { StoreContent } from '../../src/content/store-content.js';
import { OnEmailAccepted } from '../../src/content/on-email-accepted.js';
import { emits } from '../../src/content.events.js';
import { contentDatabaseSettings } from '../../src/persistence/content-database.js';
import { OnContentReferencesAnswered } from '../../src/reaper/on-content-references-answered.js';
import { ReapContents } from '../../src/reaper/reap-contents.js';
import { ReaperSystemRepository } from '../../src/reaper/reaper.system.repository.js';
import { FoldUsage } from '../../src/usage/fold-usage.js';
import { UsageRepository } from '../../src/usage/usage.repository.js';
import { UsageSystemRepository } from '../../src/usage/usage.system.repository.js';

const ANSWERED = 'penguinmails.content.references_answered.v1' as const;
const ACCEPTED = 'penguinmails.email.accepted.v1' as const;

type WakeUp = ConstructorParameters<typeof EventWriter>[1];

export const graces = { pending: 86_400, denied: 43_200, askAgain: 3600 };

/** The service's parts on a database of their own; no HTTP, no Kafka: events stay in the outbox. */
export class ContentParts {
  /** What the reaper is told about unread claims, in seconds. */
  lagSeconds: number | undefined = 0;

  private constructor(
    readonly tier: TierDatabase,
    readonly settings: DatabaseSettings,
    readonly database: Database,
    readonly admin: pg.Client,
  ) {}

  /** @param pooled as behind a pooler: no session parameters, no named statements */
  static async open(pooled = false): Promise<ContentParts> {
    const tier = await createTierDatabase('content');
    const admin = new pg.Client({ connectionString: tier.adminUrl });
    await admin.connect();
    const settings = patientPools(
      contentDatabaseSettings({
        url: new Secret(tier.appUrl),
        systemUrl: new Secret(tier.systemUrl),
        pooled,
      }),
    );
    return new ContentParts(tier, settings, openDatabase(settings), admin);
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.admin.end();
    await this.tier.drop();
  }

  private readonly logger = createLogger('content', { level: 'silent' });
  private readonly events = new EventWriter(
    { tier: 'content', emits, publicUrl: 'http://localhost' },
    { notify: () => undefined } as WakeUp,
  );
  private readonly repositories = {
    contents: new ContentRepository(),
    blobs: new BlobRepository(),
    attachments: new AttachmentRepository(),
    usage: new UsageRepository(),
    log: new AccessLogRepository(),
    system: new ContentSystemRepository(),
  };

  get corruption(): ReportCorruption {
    return new ReportCorruption(this.database.tenants, this.events, this.logger);
  }

  get removal(): RemoveContents {
    const { contents, attachments, blobs, usage } = this.repositories;
    return new RemoveContents(contents, attachments, blobs, usage);
  }

  put(tenantId: string, key: string, input: ContentInput) {
    const { contents, attachments, blobs, usage } = this.repositories;
    const store = new StoreContent(contents, blobs, attachments, usage);
    const useCase = new PutContent(this.database.tenants, store, contents, attachments);
    return useCase.execute(tenantId, key, input);
  }

  putTogether(...calls: [tenant: string, key: string, input: ContentInput][]) {
    const { contents, attachments, blobs, usage } = this.repositories;
    const store = new StoreContent(contents, blobs, attachments, usage);
    const { tenants } = this.database;
    const single = new PutContent(tenants, store, contents, attachments);
    const each = calls.map(([tenantId, storageKey, input]) => ({ tenantId, storageKey, input }));
    return new PutTogether(tenants, contents, single).execute(each);
  }

  get(caller: Caller, key: string) {
    const { contents, attachments, log } = this.repositories;
    const { tenants } = this.database;
    return new GetContent(tenants, contents, attachments, log, this.corruption).execute(
      caller,
      key,
    );
  }

  download(caller: Caller, key: string, id: string) {
    const { attachments, log } = this.repositories;
    const useCase = new GetAttachment(this.database.tenants, attachments, log, this.corruption);
    return useCase.execute(caller, key, id);
  }

  delete(tenantId: string, key: string) {
    const { contents } = this.repositories;
    return new DeleteContent(this.database.tenants, contents, this.removal).execute(tenantId, key);
  }

  fetch(
    granted: ReadonlyMap<string, ReadonlySet<string>>,
    items: [tenant: string, key: string][],
    repository = new FetchRepository(),
  ) {
    const { tenants } = this.database;
    const useCase = new FetchContents(tenants, repository, this.corruption);
    const pairs = items.map(([tenantId, storageKey]) => ({ tenantId, storageKey }));
    return useCase.execute(granted, pairs);
  }

  private get attaching(): AttachContents {
    return new AttachContents(this.repositories.system, this.events, this.logger);
  }

  attach(...pairs: [tenant: string, key: string][]) {
    const claims = pairs.map(([tenantId, storageKey]) => ({
      tenantId,
      storageKey,
      ownerHint: 'email-1',
    }));
    return this.database.system.transaction((tx) => this.attaching.execute(tx, claims));
  }

  answer(tenantId: string, data: EventData<typeof ANSWERED>) {
    const handler = new OnContentReferencesAnswered(this.attaching, this.repositories.system);
    const event = { ...received(tenantId), type: ANSWERED, data };
    return this.database.system.transaction((tx) => handler.handle([event], tx));
  }

  accept(tenantId: string, data: EventData<typeof ACCEPTED>) {
    const handler = new OnEmailAccepted(this.attaching);
    const event = { ...received(tenantId), type: ACCEPTED, data };
    return this.database.system.transaction((tx) => handler.handle([event], tx));
  }

  /** @param beforeDelete what happens between the decision and the deletion */
  reap(beforeDelete: () => Promise<void> = () => Promise.resolve()) {
    const { tenants, system } = this.database;
    const later: Pick<typeof tenants, 'transaction'> = {
      transaction: async (tenantId, work, options) => {
        await beforeDelete();
        return tenants.transaction(tenantId, work, options);
      },
    };
    const lag = { seconds: () => this.lagSeconds };
    const useCase = new ReapContents(
      system,
      later as typeof tenants,
      new ReaperSystemRepository(),
      this.repositories.contents,
      this.removal,
      this.events,
      lag as ConstructorParameters<typeof ReapContents>[6],
      graces,
      this.logger,
    );
    return useCase.execute();
  }

  fold(minimumRows: number) {
    return new FoldUsage(this.database.system, new UsageSystemRepository()).execute(minimumRows);
  }

  async rows<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    return (await this.admin.query<R>(text, values)).rows;
  }

  /** What a tenant stores, as the sum of its deltas. */
  async usage(tenantId: string): Promise<{ bytes: number; objects: number }> {
    const [row] = await this.rows<{ bytes: string; objects: string }>(
      `SELECT coalesce(sum(stored_bytes), 0) AS bytes, coalesce(sum(object_count), 0) AS objects
       FROM tenant_usage WHERE tenant_id = $1`,
      [tenantId],
    );
    return { bytes: Number(row.bytes), objects: Number(row.objects) };
  }

  /** What a tenant stores, as counted on the rows themselves. */
  async counted(tenantId: string): Promise<{ bytes: number; objects: number }> {
    const [row] = await this.rows<{ bytes: string; objects: string }>(
      `SELECT (SELECT count(*) FROM content_objects WHERE tenant_id = $1) AS objects,
         (SELECT coalesce(sum(octet_length(bytes)), 0) FROM content_blobs WHERE tenant_id = $1) +
         (SELECT coalesce(sum(compressed_size_bytes), 0) FROM content_objects
          WHERE tenant_id = $1 AND content_blob_hash IS NULL) AS bytes`,
      [tenantId],
    );
    return { bytes: Number(row.bytes), objects: Number(row.objects) };
  }

  /** Blobs whose count differs from the rows that refer to them. */
  wrongCounts() {
    return this.rows(
      `SELECT b.content_hash, b.ref_count FROM content_blobs b
       WHERE b.ref_count <> (SELECT count(*) FROM content_objects o
           WHERE o.tenant_id = b.tenant_id AND o.content_blob_hash = b.content_hash)
         + (SELECT count(*) FROM attachments a
           WHERE a.tenant_id = b.tenant_id AND a.content_blob_hash = b.content_hash)`,
    );
  }

  /** Data of the events of one type that wait in the outbox, oldest first. */
  async outbox<T>(type: string): Promise<{ tenantId: string; key: string; data: T }[]> {
    const rows = await this.rows<{ tenantId: string; key: string; payload: string }>(
      `SELECT tenant_id AS "tenantId", key, payload FROM outbox WHERE type = $1 ORDER BY seq`,
      [`penguinmails.${type}`],
    );
    return rows.map(({ payload, ...row }) => ({ ...row, data: JSON.parse(payload) as T }));
  }
}

function received(tenantId: string) {
  const origin = { id: newId(), time: new Date(), subject: 'subject', entityVersion: null };
  return { ...origin, tenantId, correlationId: null, causationId: null, traceparent: null };
}

export function callerOf(tenantId: string): Caller {
  return {
    service: 'gateway',
    tenantId,
    actor: { kind: 'api_key', id: newId() },
    mode: 'live',
    scopes: ['emails:read', 'emails:send'],
    requestId: newId(),
  };
}

export function file(bytes: Buffer, change: Partial<AttachmentInput> = {}): AttachmentInput {
  return {
    filename: 'report.pdf',
    content_type: 'application/pdf',
    content: bytes.toString('base64'),
    disposition: 'attachment',
    content_id: null,
    ...change,
  };
}

export function input(change: Partial<ContentInput> = {}): ContentInput {
  return { text: 'hello', html: null, headers: {}, attachments: [], ...change };
}

export const key = newStorageKey;
export const tenant = newId;
