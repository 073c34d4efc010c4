import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { signServiceToken } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import {
  createTierDatabase,
  eventually,
  oneAtATime,
  testKeys,
  type TierDatabase,
} from '@penguinmails/testing';
import pg from 'pg';
import { createOltpApplication } from '../../src/oltp.application.js';
import { readOltpConfig } from '../../src/oltp.config.js';
import { environmentOf } from '../integration/oltp-parts.js';

export interface Answer<T> {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: T;
}

const NO_BROKERS = '127.0.0.1:1';

/** The service on a port, with a database of its own; it says that Kafka is away unless it is given brokers. */
export class OltpService {
  private constructor(
    private readonly app: NestFastifyApplication,
    readonly database: TierDatabase,
    private readonly admin: pg.Client,
    private readonly leaveGroup: (() => Promise<void>) | undefined,
  ) {}

  static async start(brokers = NO_BROKERS): Promise<OltpService> {
    // Another member of its consumer group would get a part of its events.
    const leaveGroup = brokers === NO_BROKERS ? undefined : await oneAtATime('group oltp');
    try {
      return await OltpService.startIn(brokers, leaveGroup);
    } catch (error) {
      await leaveGroup?.();
      throw error;
    }
  }

  private static async startIn(
    brokers: string,
    leaveGroup: (() => Promise<void>) | undefined,
  ): Promise<OltpService> {
    const database = await createTierDatabase('oltp');
    const config = readOltpConfig(environmentOf(database, brokers));
    const logger = createLogger('oltp', { level: 'silent' });
    const app = await createOltpApplication(config, logger);
    await app.listen(0, '127.0.0.1');
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    return new OltpService(app, database, admin, leaveGroup);
  }

  async stop(): Promise<void> {
    try {
      await this.app.close();
      await this.admin.end();
      await this.database.drop();
    } finally {
      await this.leaveGroup?.();
    }
  }

  /** Again after a 503: a connection comes late on a machine that stands still. */
  request<T = Record<string, unknown>>(
    ...asked: Parameters<OltpService['requestOnce']>
  ): Promise<Answer<T>> {
    return eventually(async () => {
      const answer = await this.requestOnce<T>(...asked);
      return answer.status !== 503 && answer;
    });
  }

  private async requestOnce<T = Record<string, unknown>>(
    method: string,
    path: string,
    token?: string,
    body?: unknown,
  ): Promise<Answer<T>> {
    const { port } = this.app.getHttpServer().address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/internal${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return {
      status: response.status,
      contentType: response.headers.get('content-type'),
      body: (text === '' ? null : JSON.parse(text)) as T,
    };
  }

  async rows<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    return (await this.admin.query<R>(text, values)).rows;
  }
}

const gatewayKey = () =>
  ({ issuer: 'gateway', privateKey: testKeys().gateway.privateKey }) as const;

/** A token as the gateway signs it for a tenant's key. */
export function tenantToken(
  tenantId: string,
  scopes = ['emails:send', 'emails:read', 'api_keys:write'],
): Promise<string> {
  const actor = { kind: 'api_key', id: newId() } as const;
  return signServiceToken(gatewayKey(), {
    audience: 'oltp',
    tenantId,
    actor,
    mode: 'live',
    scopes,
  });
}

export function platformToken(): Promise<string> {
  return signServiceToken(gatewayKey(), {
    audience: 'oltp',
    tenantId: PLATFORM_TENANT_ID,
    actor: { kind: 'platform_key', id: newId() },
    mode: 'live',
    scopes: [],
  });
}

/** A token of an edge on its own account. */
export function serviceToken(issuer: 'gateway' | 'worker'): Promise<string> {
  return signServiceToken(
    { issuer, privateKey: testKeys()[issuer].privateKey },
    { audience: 'oltp' },
  );
}
