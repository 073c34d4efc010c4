import type { AddressInfo } from 'node:net';
import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { signServiceToken } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { createTierDatabase, eventually, oneAtATime, testKeys } from '@penguinmails/testing';
import pg from 'pg';
import type { BatchTypeDeclarations } from '../../src/batch/batch-types.js';
import { createQueueApplication } from '../../src/queue.application.js';
import { readQueueConfig } from '../../src/queue.config.js';

const ANSWER_MS = 30_000;
/** For tests that need no events: the service says that Kafka is away, and joins no group. */
const NO_BROKERS = ['127.0.0.1:1'];

interface Options {
  readonly batchTypes?: BatchTypeDeclarations;
  /** Default: none. */
  readonly brokers?: readonly string[];
}

interface Item {
  readonly id: string;
  readonly tenant_id: string;
}

/** Every field that an answer of this service may have. */
export interface AnswerBody {
  readonly lease_token: string;
  readonly lease_expires_at: string;
  readonly batches?: readonly (Item & Record<string, unknown>)[];
  readonly checkpoint_every?: number;
  readonly jobs?: readonly (Item & Record<string, unknown>)[];
  readonly grants: readonly { readonly lease_token: string; readonly grant: string }[];
  readonly lost: readonly string[];
  readonly refused: readonly string[];
  readonly data: unknown;
  readonly errors: readonly object[];
  readonly status: string;
  readonly request_id: string;
  readonly instance: string;
}

/** The whole service on a real database, reached over HTTP like the edges do. */
export async function startQueueService({ batchTypes, brokers = NO_BROKERS }: Options = {}) {
  // Another member of its consumer group would get a part of its events.
  const leaveGroup = brokers === NO_BROKERS ? undefined : await oneAtATime('group queue');
  try {
    return await startService({ batchTypes, brokers }, leaveGroup);
  } catch (error) {
    // Later files would wait for it for ever.
    await leaveGroup?.();
    throw error;
  }
}

async function startService(
  { batchTypes, brokers }: Required<Pick<Options, 'brokers'>> & Options,
  leaveGroup?: () => Promise<void>,
) {
  const database = await createTierDatabase('queue');
  const config = readQueueConfig({
    QUEUE_DB_URL: database.appUrl,
    QUEUE_DB_SYSTEM_URL: database.systemUrl,
    QUEUE_PORT: '0',
    QUEUE_METRICS_PORT: '0',
    KAFKA_BROKERS: brokers.join(','),
    SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(testKeys().publicKeys),
    SERVICE_TOKEN_PRIVATE_KEY_SECRET: testKeys().queue.privateKey,
    PUBLIC_URL: 'https://mail.example',
  });
  const app = await createQueueApplication(
    config,
    createLogger('queue', { level: 'silent' }),
    batchTypes,
  );
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const admin = new pg.Pool({ connectionString: database.adminUrl, max: 2 });
  // end() does not wait for the server: dropping the database may still cut a session off.
  admin.on('error', () => undefined);

  let isAway = false;

  /** Again after a 503, unless the database was taken away: connections come late on a machine that stands still. */
  const request = async (...asked: Parameters<typeof requestOnce>) =>
    eventually(async () => {
      const answer = await requestOnce(...asked);
      return (isAway || answer.status !== 503) && answer;
    });

  async function requestOnce(token: string | null, method: string, path: string, body?: unknown) {
    const isText = typeof body === 'string';
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : isText ? body : JSON.stringify(body),
    });
    const answer = (await response.json()) as AnswerBody;
    return { status: response.status, headers: response.headers, body: answer };
  }

  /** Of a route that answers without a body. */
  async function status(token: string, method: string, path: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { authorization: `Bearer ${token}` },
    });
    await response.arrayBuffer();
    return response.status;
  }

  const tokenOf = (issuer: 'gateway' | 'worker') =>
    signServiceToken({ issuer, privateKey: testKeys()[issuer].privateKey }, { audience: 'queue' });

  return {
    app,
    admin,
    database,
    port,
    request,
    status,
    workerToken: await tokenOf('worker'),
    gatewayToken: await tokenOf('gateway'),

    /** A token of the gateway for a tenant's key with these scopes. */
    tenantToken: (tenantId: string, scopes: readonly string[]) =>
      signServiceToken(
        { issuer: 'gateway', privateKey: testKeys().gateway.privateKey },
        {
          audience: 'queue',
          tenantId,
          actor: { kind: 'api_key', id: newId() },
          mode: 'live',
          scopes,
        },
      ),

    platformToken: await signServiceToken(
      { issuer: 'gateway', privateKey: testKeys().gateway.privateKey },
      {
        audience: 'queue',
        tenantId: PLATFORM_TENANT_ID,
        actor: { kind: 'platform_key', id: newId() },
        mode: 'live',
        scopes: [],
      },
    ),

    /** Ends the service's sessions and refuses new ones, or lets them in again. */
    setDatabaseAway: async (away: boolean) => {
      isAway = away;
      const elsewhere = new pg.Client({ connectionString: maintenanceUrl(database.adminUrl) });
      await elsewhere.connect();
      await elsewhere.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT ${away ? 0 : -1}`);
      if (away)
        await elsewhere.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = $1 AND usename LIKE 'queue%'`,
          [database.name],
        );
      await elsewhere.end();
    },

    stop: async () => {
      try {
        await app.close();
        await admin.end();
        await database.drop();
      } finally {
        await leaveGroup?.();
      }
    },
  };
}

export type QueueService = Awaited<ReturnType<typeof startQueueService>>;

function maintenanceUrl(adminUrl: string): string {
  const url = new URL(adminUrl);
  url.pathname = '/postgres';
  return url.href;
}
