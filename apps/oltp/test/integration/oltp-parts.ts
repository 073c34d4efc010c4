import { randomBytes } from 'node:crypto';
import type { Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  newEmailId,
  newId,
  newStorageKey,
  parseAddrSpec,
  PLATFORM_TENANT_ID,
} from '@penguinmails/contracts';
import { Database, openDatabase } from '@penguinmails/database';
import { type Caller, signGrant, type TenantGrant } from '@penguinmails/http';
import { Problem } from '@penguinmails/http/problem';
import { createLogger } from '@penguinmails/observability';
import {
  createTierDatabase,
  patientPools,
  testKeys,
  type TierDatabase,
} from '@penguinmails/testing';
import pg from 'pg';

import { type AcceptCommand, AcceptEmail } from '../../src/email/accept-email.js';
import type { BeginAnswer } from '../../src/email/begin-answer.js';
import { BeginAttempts } from '../../src/email/begin-attempts.js';
import { readOltpConfig } from '../../src/oltp.config.js';
import { entities } from '../../src/oltp.entities.js';
import { OltpModule } from '../../src/oltp.module.js';
import { oltpDatabaseSettings } from '../../src/persistence/oltp-database.js';
import { CreateTenant } from '../../src/tenant/create-tenant.js';
import { tenantScopes } from '../../src/api-key/api-key.js';

/** A tenant that can send. */
export interface TestTenant {
  readonly id: string;
  readonly from: string;
  readonly mailboxId: string;
  readonly ownerId: string;
}

export interface OutboxEvent {
  readonly type: string;
  readonly tenant_id: string;
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly data: Record<string, unknown>;
}

/** The environment of an oltp process on a test database. */
export function environmentOf(tier: TierDatabase, brokers = '127.0.0.1:1'): NodeJS.ProcessEnv {
  return {
    OLTP_DB_URL: tier.appUrl,
    OLTP_DB_SYSTEM_URL: tier.systemUrl,
    OLTP_PORT: '0',
    OLTP_METRICS_PORT: '0',
    KAFKA_BROKERS: brokers,
    SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(testKeys().publicKeys),
    PUBLIC_URL: 'http://127.0.0.1',
    OLTP_ENCRYPTION_KEY_SECRET: randomBytes(32).toString('base64'),
    OLTP_HASH_KEY_SECRET: randomBytes(32).toString('base64'),
  };
}

export const platformCaller: Caller = {
  service: 'gateway',
  tenantId: PLATFORM_TENANT_ID,
  actor: { kind: 'platform_key', id: newId() },
  mode: 'live',
  scopes: [],
  requestId: 'test-request',
};

export function callerOf(tenant: TestTenant, change: Partial<Caller> = {}): Caller {
  return {
    service: 'gateway',
    tenantId: tenant.id,
    actor: { kind: 'api_key', id: newId(), userId: tenant.ownerId },
    mode: 'live',
    scopes: tenantScopes,
    requestId: 'test-request',
    ...change,
  };
}

/** E-mails or mailboxes that a grant names, by tenant. */
type Granted = Readonly<Record<string, Partial<Omit<TenantGrant, 'tenantId'>>>>;

/** A grant as queue signs it for a lease, of `seconds` to come. */
export function grantOver(granted: Granted, seconds = 600): Promise<string> {
  const key = { issuer: 'queue', privateKey: testKeys().queue.privateKey } as const;
  const none = { jobIds: [], contentKeys: [], mailboxIds: [] };
  return signGrant(key, {
    tenants: Object.entries(granted).map(([tenantId, parts]) => ({ tenantId, ...none, ...parts })),
    leaseToken: newId(),
    expiresAt: new Date(Date.now() + seconds * 1000),
  });
}

/** The same, for one tenant. */
export function grantFor(tenantId: string, parts: Granted[string]): Promise<string> {
  return grantOver({ [tenantId]: parts });
}

/** What a piece of work is refused with; other errors, and success, fail the test. */
export async function problemOf(
  work: Promise<unknown>,
): Promise<Pick<Problem, 'status' | 'code' | 'errors'>> {
  const error = await work.then(
    () => new Error('was accepted'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw error;
  const { status, code, errors } = error;
  return { status, code, errors };
}

/** The service's parts on a database of their own; nothing runs: events stay in the outbox. */
export class OltpParts {
  private constructor(
    readonly tier: TierDatabase,
    readonly admin: pg.Client,
    private readonly module: TestingModule,
  ) {}

  static async open(): Promise<OltpParts> {
    const tier = await createTierDatabase('oltp');
    const admin = new pg.Client({ connectionString: tier.adminUrl });
    await admin.connect();
    await admin.query(
      `INSERT INTO tenants (id, name, slug, plan_code) VALUES ($1, 'Platform', 'platform', 'free')`,
      [PLATFORM_TENANT_ID],
    );
    const logger = createLogger('oltp', { level: 'silent' });
    const config = readOltpConfig(environmentOf(tier));
    const imports = [OltpModule.forConfig(config, logger)];
    const settings = patientPools(oltpDatabaseSettings(config.db, { entities }));
    const module = await Test.createTestingModule({ imports })
      .overrideProvider(Database)
      .useValue(openDatabase(settings))
      .compile();
    return new OltpParts(tier, admin, module);
  }

  async close(): Promise<void> {
    await this.module.close();
    await this.admin.end();
    await this.tier.drop();
  }

  get<T>(part: Type<T>): T {
    return this.module.get(part, { strict: false });
  }

  async rows<R extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<R[]> {
    return (await this.admin.query<R>(sql, values)).rows;
  }

  /** What was written to the outbox since the last call, in order. */
  async takeEvents(): Promise<OutboxEvent[]> {
    return this.rows<OutboxEvent>(
      `WITH taken AS (DELETE FROM outbox RETURNING *)
       SELECT type, tenant_id, key, headers, payload::jsonb AS data FROM taken ORDER BY seq`,
    );
  }

  async newTenant(slug = `t-${randomBytes(5).toString('hex')}`): Promise<TestTenant> {
    const email = parseAddrSpec(`owner@${slug}.example`)!;
    const command = { name: slug, slug, owner: { email, name: 'Owner' } };
    const made = await this.get(CreateTenant).execute(platformCaller, command);
    return {
      id: made.tenant.id,
      from: made.mailbox.address,
      mailboxId: made.mailbox.id,
      ownerId: made.owner.id,
    };
  }

  command(tenant: TestTenant, change: Partial<AcceptCommand> = {}): AcceptCommand {
    return {
      id: newEmailId(),
      storageKey: newStorageKey(),
      from: tenant.from,
      to: 'ada@customer.example',
      subject: 'Hello',
      replyTo: null,
      tags: [],
      scheduledAt: null,
      sizeBytes: 100,
      ...change,
    };
  }

  /** @returns the id of an accepted e-mail */
  async accept(tenant: TestTenant, change: Partial<AcceptCommand> = {}): Promise<string> {
    const command = this.command(tenant, change);
    await this.get(AcceptEmail).execute(callerOf(tenant), command);
    return command.id;
  }

  /** Many at once, by plain SQL: nothing is published. @returns their ids */
  async insertEmails({ id, mailboxId }: TestTenant, status: string, count: number) {
    const rows = await this.rows<{ id: string }>(
      `INSERT INTO emails (tenant_id, id, mode, mailbox_id, sender, recipient, recipient_norm,
         recipient_hash, subject, content_storage_key, size_bytes, status, message_id, sent_at,
         finished_at)
       SELECT $1::uuid, overlay(gen_random_uuid()::text PLACING '8' FROM 33 FOR 1)::uuid, 'live', $2,
         'a@b.example', 'a@b.example', 'a@b.example', sha256(n::text::bytea), 's',
         'cnt_' || left(md5($1::uuid::text || n), 22), 1, $3, '<a@b.example>',
         CASE $3 WHEN 'queued' THEN NULL ELSE now() END,
         CASE $3 WHEN 'queued' THEN NULL ELSE now() END
       FROM generate_series(1, $4::int) AS n RETURNING id`,
      [id, mailboxId, status, count],
    );
    return rows.map((row) => row.id);
  }

  /** As a worker that holds the leases. */
  async begin(tenant: TestTenant, ids: readonly string[], attempt = 1): Promise<BeginAnswer[]> {
    const grant = await grantFor(tenant.id, { jobIds: ids });
    const items = ids.map((emailId) => ({ tenantId: tenant.id, emailId, attempt }));
    return this.get(BeginAttempts).execute([grant], items);
  }

  async status(id: string): Promise<string> {
    const [row] = await this.rows<{ status: string }>('SELECT status FROM emails WHERE id = $1', [
      id,
    ]);
    return row.status;
  }
}
