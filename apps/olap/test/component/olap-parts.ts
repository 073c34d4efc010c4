import { newId } from '@penguinmails/contracts';
import { type Caller, signServiceToken } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import {
  createTierDatabase,
  eventually,
  testBrokers,
  testKeys,
  type TierDatabase,
} from '@penguinmails/testing';
import pg from 'pg';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createOlapApplication } from '../../src/olap.application.js';
import { readOlapConfig } from '../../src/olap.config.js';

/** The whole service over HTTP and Kafka, on a database of its own. */
export class OlapService {
  private constructor(
    readonly database: TierDatabase,
    private readonly app: NestFastifyApplication,
  ) {}

  static async start(): Promise<OlapService> {
    const database = await createTierDatabase('olap');
    const config = readOlapConfig({
      OLAP_DB_URL: database.appUrl,
      OLAP_DB_SYSTEM_URL: database.systemUrl,
      OLAP_PORT: '0',
      OLAP_METRICS_PORT: '0',
      KAFKA_BROKERS: testBrokers().join(','),
      SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(testKeys().publicKeys),
      PUBLIC_URL: 'http://127.0.0.1',
    });
    const app = await createOlapApplication(config, createLogger('olap', { level: 'silent' }));
    await app.init();
    return new OlapService(database, app);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }

  /** Nobody can write the table until the function that comes back was called. */
  async hold(table: string): Promise<() => Promise<void>> {
    const client = await this.connect();
    await client.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    return once(() => client.end());
  }

  /** An event of the tenant that happened then waits for a retry, until what comes back was called. */
  async park(tenantId: string, at: string): Promise<() => Promise<void>> {
    const client = await this.connect();
    const id = newId();
    await client.query(
      `INSERT INTO parked_event (id, tenant_id, consumer_group, topic, partition, record_offset,
         key, event_id, type, headers, next_attempt_at)
       VALUES ($1, $2, 'olap', 'none', 0, 0, 'none', $1, 'none', $3, 'infinity')`,
      [id, tenantId, { ce_time: at }],
    );
    return once(async () => {
      await client.query('DELETE FROM parked_event WHERE id = $1', [id]);
      await client.end();
    });
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.database.adminUrl });
    await client.connect();
    return client;
  }

  /** GET as a key of the tenant. */
  async get(tenantId: string, url: string, scopes: Caller['scopes'] = ['analytics:read']) {
    const key = { issuer: 'gateway', privateKey: testKeys().gateway.privateKey } as const;
    const actor = { kind: 'api_key', id: newId() } as const;
    const claims = { audience: 'olap', tenantId, actor, mode: 'live', scopes } as const;
    const authorization = `Bearer ${await signServiceToken(key, claims)}`;
    // Again after a 503: a connection comes late on a machine that stands still.
    return eventually(async () => {
      const answer = await this.app.inject({ method: 'GET', url, headers: { authorization } });
      return answer.statusCode !== 503 && { status: answer.statusCode, body: answer.json() };
    });
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
