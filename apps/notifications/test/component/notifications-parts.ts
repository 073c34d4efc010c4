import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { type Actor, signServiceToken } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import {
  createTierDatabase,
  eventually,
  testBrokers,
  testKeys,
  type TierDatabase,
} from '@penguinmails/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createNotificationsApplication } from '../../src/notifications.application.js';
import { readNotificationsConfig } from '../../src/notifications.config.js';

const scopes = ['notifications:read', 'notifications:write'];

interface Request {
  readonly method?: 'GET' | 'PATCH';
  readonly url: string;
  readonly payload?: object;
}

/** The whole service over HTTP and Kafka, on a database of its own. */
export class NotificationsService {
  private constructor(
    readonly database: TierDatabase,
    private readonly app: NestFastifyApplication,
  ) {}

  static async start(): Promise<NotificationsService> {
    const database = await createTierDatabase('notifications');
    const config = readNotificationsConfig({
      NOTIFICATIONS_DB_URL: database.appUrl,
      NOTIFICATIONS_DB_SYSTEM_URL: database.systemUrl,
      NOTIFICATIONS_PORT: '0',
      NOTIFICATIONS_METRICS_PORT: '0',
      KAFKA_BROKERS: testBrokers().join(','),
      SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(testKeys().publicKeys),
      PUBLIC_URL: 'http://127.0.0.1',
    });
    const app = await createNotificationsApplication(
      config,
      createLogger('notifications', { level: 'silent' }),
    );
    await app.init();
    return new NotificationsService(database, app);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }

  /** A request as the key of a tenant's user. */
  async asUser(user: { tenantId: string; userId: string }, request: Request) {
    const actor = { kind: 'api_key', id: newId(), userId: user.userId } as const;
    return this.send({ tenantId: user.tenantId, actor, scopes }, request);
  }

  /** A request of an operator. */
  async asOperator(request: Request) {
    const actor = { kind: 'platform_key', id: newId() } as const;
    return this.send({ tenantId: PLATFORM_TENANT_ID, actor, scopes: [] }, request);
  }

  private async send(
    caller: { tenantId: string; actor: Actor; scopes: readonly string[] },
    { method = 'GET', url, payload }: Request,
  ) {
    const key = { issuer: 'gateway', privateKey: testKeys().gateway.privateKey } as const;
    const claims = { audience: 'notifications', mode: 'live', ...caller } as const;
    const authorization = `Bearer ${await signServiceToken(key, claims)}`;
    // Again after a 503: a connection comes late on a machine that stands still.
    return eventually(async () => {
      const answer = await this.app.inject({ method, url, payload, headers: { authorization } });
      return answer.statusCode !== 503 && { status: answer.statusCode, body: answer.json() };
    });
  }
}
