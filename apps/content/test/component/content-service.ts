import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { newId } from '@penguinmails/contracts';
import { signGrant, signServiceToken } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import {
  createTierDatabase,
  eventually,
  testBrokers,
  testKeys,
  type TierDatabase,
} from '@penguinmails/testing';
import pg from 'pg';
import { createContentApplication } from '../../src/content.application.js';
import { readContentConfig } from '../../src/content.config.js';

interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** The service on a port, with a database of its own and the real Kafka (or the brokers given). */
export class ContentService {
  private constructor(
    private readonly app: NestFastifyApplication,
    private readonly database: TierDatabase,
    private readonly admin: pg.Client,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<ContentService> {
    const database = await createTierDatabase('content');
    const config = readContentConfig({
      CONTENT_DB_URL: database.appUrl,
      CONTENT_DB_SYSTEM_URL: database.systemUrl,
      CONTENT_PORT: '0',
      CONTENT_METRICS_PORT: '0',
      KAFKA_BROKERS: testBrokers().join(','),
      SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(testKeys().publicKeys),
      PUBLIC_URL: 'http://localhost:8080',
      ...env,
    });
    const app = await createContentApplication(
      config,
      createLogger('content', { level: 'silent' }),
    );
    await app.listen(0, '127.0.0.1');
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    return new ContentService(app, database, admin);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.admin.end();
    await this.database.drop();
  }

  private get url(): string {
    const { port } = this.app.getHttpServer().address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Again after a 503: a connection comes late on a machine that stands still. */
  request<T = Record<string, unknown>>(
    ...asked: Parameters<ContentService['requestOnce']>
  ): Promise<Answer<T>> {
    return eventually(async () => {
      const answer = await this.requestOnce<T>(...asked);
      return answer.status !== 503 && answer;
    });
  }

  /** One request; a body that is not text or bytes is sent as JSON. */
  private async requestOnce<T>(
    method: string,
    path: string,
    options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const { token, body, headers } = options;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = response.headers.get('content-type')?.includes('json');
    const read = isJson ? (JSON.parse(bytes.toString()) as T) : (bytes as T);
    return { status: response.status, headers: response.headers, body: read };
  }

  /** Sends the head and the first bytes of an upload, then cuts the connection. */
  async abandonUpload(path: string, token: string, bytes: number): Promise<void> {
    const { port } = this.app.getHttpServer().address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const head = [
      `PUT ${path} HTTP/1.1`,
      'host: content',
      `authorization: Bearer ${token}`,
      'content-type: application/json',
      `content-length: ${bytes}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n{"text": "`);
    socket.destroySoon();
    await once(socket, 'close');
  }

  async rows<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    return (await this.admin.query<R>(text, values)).rows;
  }
}

/** A token as the gateway signs it for a tenant's key. */
export function tenantToken(
  tenantId: string,
  scopes = ['emails:send', 'emails:read'],
  audience: 'content' | 'oltp' = 'content',
): Promise<string> {
  const key = { issuer: 'gateway', privateKey: testKeys().gateway.privateKey } as const;
  const actor = { kind: 'api_key', id: newId() } as const;
  return signServiceToken(key, { audience, tenantId, actor, mode: 'live', scopes });
}

/** A token of an edge on its own account. */
export function serviceToken(issuer: 'gateway' | 'worker'): Promise<string> {
  return signServiceToken(
    { issuer, privateKey: testKeys()[issuer].privateKey },
    { audience: 'content' },
  );
}

/** A grant as queue signs it for a lease: the keys of each tenant. */
export function grantOf(
  keys: Readonly<Record<string, readonly string[]>>,
  { expiresAt = new Date(Date.now() + 600_000), forged = false } = {},
): Promise<string> {
  const privateKey = forged ? strangersKey() : testKeys().queue.privateKey;
  return signGrant(
    { issuer: 'queue', privateKey },
    {
      tenants: Object.entries(keys).map(([tenantId, contentKeys]) => ({
        ...{ tenantId, contentKeys, jobIds: [], mailboxIds: [] },
      })),
      leaseToken: newId(),
      expiresAt,
    },
  );
}

function strangersKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}
