import { assertLogin } from './connection/assert-login.js';
import { Channel } from './connection/channel.js';
import { EntitySource } from './connection/entity-source.js';
import { Login, type PoolStats } from './connection/login.js';
import { PlainPool } from './connection/pool-owner.js';
import { statement } from './protocol/statement.js';
import type { DatabaseSettings } from './settings.js';
import { SystemDatabase } from './system-database.js';
import { TenantDatabase } from './tenant-database.js';
import { tierRoles } from './tier.js';

const PING_DEADLINE_MS = 1_000;

/** The two logins of one tier's database. */
export class Database {
  readonly tenants: TenantDatabase;
  readonly system: SystemDatabase;
  private readonly channels: Channel[] = [];
  private closing?: Promise<unknown>;

  constructor(
    private readonly settings: DatabaseSettings,
    private readonly appLogin: Login,
    private readonly systemLogin: Login,
    source: EntitySource,
  ) {
    this.tenants = new TenantDatabase(appLogin, source);
    this.system = new SystemDatabase(systemLogin);
  }

  /** Round trip of the app login in milliseconds; rejects when there is no answer within 1 s. */
  async ping(): Promise<number> {
    const started = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const timeout = new Error(`no answer from the database within ${PING_DEADLINE_MS} ms`);
      timer = setTimeout(() => reject(timeout), PING_DEADLINE_MS);
    });
    await Promise.race([this.probe(), late]).finally(() => clearTimeout(timer));
    return performance.now() - started;
  }

  private async probe(): Promise<void> {
    const session = await this.appLogin.acquire();
    try {
      await session.run([statement('SELECT 1')], PING_DEADLINE_MS);
    } finally {
      session.release();
    }
  }

  /**
   * Throws UnsafeLogin when a login is not the tier's role for it, owns a relation, is a member of
   * another role, may bypass row level security or lacks the time-outs. A service calls it at boot.
   */
  async assertLogins(): Promise<void> {
    const { app, system } = tierRoles(this.settings.tier);
    await assertLogin(this.appLogin, app);
    await assertLogin(this.systemLogin, system);
  }

  poolStats(): { app: PoolStats; system: PoolStats } {
    return { app: this.appLogin.stats(), system: this.systemLogin.stats() };
  }

  /** Tenants with work that waits for a connection of the app login. */
  tenantsWaiting(): number {
    return this.appLogin.tenantsWaiting();
  }

  /**
   * Listens to a channel of this database on the system login, until the database is closed.
   * @param onNotice gets each payload, and '' when notices may have been missed
   */
  listen(name: string, onNotice: (payload: string) => void): Pick<Channel, 'send'> {
    const { system: login, onProblem = () => undefined } = this.settings;
    const channel = new Channel({ login, name, onNotice, onProblem });
    this.channels.push(channel);
    return channel;
  }

  /** Waits for running transactions, then closes all connections; once, however often called. */
  async close(): Promise<void> {
    const parts = [...this.channels, this.appLogin, this.systemLogin];
    this.closing ??= Promise.all(parts.map((part) => part.close()));
    await this.closing;
  }
}

/** Connects lazily: the first use, `ping` or `assertLogins` opens the first connection. */
export function openDatabase(settings: DatabaseSettings): Database {
  const { tier, app, system, pooled, onProblem = () => undefined } = settings;
  const source = new EntitySource(settings, tier, onProblem);
  const systemPool = new PlainPool(system, tier, onProblem);
  return new Database(
    settings,
    new Login(`${tier}-app`, source, app, pooled, onProblem),
    new Login(`${tier}-system`, systemPool, system, false, onProblem),
    source,
  );
}
