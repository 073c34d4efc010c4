import pg from 'pg';
import type { LoginSettings } from '../settings.js';

/** A channel says at most so much: whoever listens looks at the database for the rest. */
const GATHER_MS = 2;
/** While notices follow each other, so far apart: each is a transaction, and says no more than the last. */
const REST_MS = 10;
/** What this session commits is a notice, which no crash of the server would bring back anyway. */
const UNFLUSHED = 'SET synchronous_commit = off';
/** Planned once for a session: a queue in use sends a hundred a second. */
const NOTIFY = { name: 'pm_notify', text: 'SELECT pg_notify($1, $2)' };
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
const STATEMENT_MS = 2_000;

/** What a channel is made of; `name` is a constant of the caller's, never a value. */
export interface ChannelSettings {
  readonly login: LoginSettings;
  readonly name: string;
  /** Called for each notice, and with '' whenever the session is new: some may have been missed. */
  readonly onNotice: (payload: string) => void;
  readonly onProblem: (problem: Error) => void;
}

/**
 * LISTEN and NOTIFY on a session of its own. A NOTIFY inside the writer's transaction would take an
 * instance-wide lock until its commit (reference/queue.md section 3); this one stands alone, and
 * what is sent within 2 ms (10 ms while notices follow each other) is sent once. While the session is away nothing is kept: listeners poll.
 */
export class Channel {
  private client: pg.Client | undefined;
  private ready = false;
  private isSending = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private waiting: string | undefined;
  private sentAt = -Infinity;
  private retryMs = FIRST_RETRY_MS;
  private retry: NodeJS.Timeout | undefined;

  constructor(private readonly settings: ChannelSettings) {
    void this.open();
  }

  /** Sends `payload` within 2 ms, or 10 ms after the last notice, unless another follows. Never waits, never fails. */
  send(payload: string): void {
    this.waiting = payload;
    const rest = this.sentAt + REST_MS - performance.now();
    this.timer ??= setTimeout(() => void this.flush(), Math.max(GATHER_MS, rest));
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.retry);
    await this.client?.end();
  }

  /** One notice is under way at a time; what comes meanwhile follows it. */
  private async flush(): Promise<void> {
    this.timer = undefined;
    const { client, waiting } = this;
    if (!this.ready || this.isSending || waiting === undefined) return;
    this.waiting = undefined;
    this.sentAt = performance.now();
    this.isSending = true;
    await client
      ?.query({ ...NOTIFY, values: [this.settings.name, waiting] })
      .catch((error: Error) => this.settings.onProblem(error));
    this.isSending = false;
    if (this.waiting !== undefined) this.send(this.waiting);
  }

  private async open(): Promise<void> {
    const client = this.connection();
    this.client = client;
    try {
      await client.connect();
      await client.query(UNFLUSHED);
      await client.query(`LISTEN ${pg.escapeIdentifier(this.settings.name)}`);
      this.retryMs = FIRST_RETRY_MS;
      this.ready = true;
      this.settings.onNotice('');
    } catch (error) {
      this.settings.onProblem(error as Error);
      this.reopen(client);
    }
  }

  private connection(): pg.Client {
    const { login, onNotice } = this.settings;
    const client = new pg.Client({
      connectionString: login.url,
      connectionTimeoutMillis: login.connectionTimeoutMillis,
      query_timeout: STATEMENT_MS,
      application_name: `channel ${this.settings.name}`,
      keepAlive: true,
    });
    client.on('notification', ({ payload }) => onNotice(payload ?? ''));
    client.on('error', (error) => this.settings.onProblem(error));
    client.on('end', () => this.reopen(client));
    return client;
  }

  /** Once for each session that ended, however many signs of its end there are. */
  private reopen(ended: pg.Client): void {
    if (this.client !== ended || this.closed) return;
    this.client = undefined;
    this.ready = false;
    ended.end().catch((error: Error) => this.settings.onProblem(error));
    this.retry = setTimeout(() => void this.open(), this.retryMs);
    this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
  }
}
