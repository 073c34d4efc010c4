import { newId, newStorageKey } from '@penguinmails/contracts';
import { ServiceTokenSigner } from '@penguinmails/http';
import type pg from 'pg';
import { until } from '../../until.ts';
import { livez, type Question } from '../../weather.ts';
import type { JobLimits } from '../form.ts';
import type { Scene } from '../scene.ts';

const ANSWER_WITHIN_MS = 60_000;
/** Patience with jobs that are to come. */
export const WITHIN_MS = 30_000;

/** A leased job with the token that stands for it. */
export interface TakenJob {
  readonly id: string;
  readonly tenantId: string;
  readonly attempt: number;
  readonly token: string;
  /** The replica that gave it. */
  readonly replica: string;
}

/** What a row of job_queue may be given; the rest is as the table has it. */
export interface Wish {
  readonly tenantId: string;
  readonly priority?: number;
  /** Milliseconds from now; negative: in the past. */
  readonly inMs?: number;
  readonly mailbox?: string;
  readonly domain?: string;
  readonly maxAttempts?: number;
}

interface LeaseAnswer {
  readonly lease_token: string;
  readonly jobs: readonly { id: string; tenant_id: string; attempt: number }[];
}

export interface FinishAnswer {
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
}

/** Speaks the queue's API as a worker does, at any replica, and looks at its rows as a superuser. */
export class Bench {
  readonly replicas: readonly string[];
  readonly limits: JobLimits;
  readonly admin: pg.Pool;
  readonly appUrl: string;
  /** One of each replica. */
  readonly metricsUrls: readonly string[];
  readonly #scene: Scene;
  readonly #signer: ServiceTokenSigner;
  #turn = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.replicas = scene.replicas;
    this.limits = scene.limits;
    this.admin = scene.stage.admin;
    this.appUrl = scene.stage.database.appUrl;
    this.metricsUrls = scene.replicas.map((name) => scene.metricsUrlOf(name));
    const privateKey = scene.stage.signing.worker.private_key;
    this.#signer = new ServiceTokenSigner({ issuer: 'worker', privateKey });
  }

  /** What anybody is answered at once, wherever the machine lets the queue run. */
  get questions(): Question[] {
    const commit = () => this.admin.query('SELECT pg_current_xact_id()');
    return [commit, ...this.metricsUrls.map(livez)];
  }

  /** As many ids as jobs, in their order. Every replica is told to look, as another one would. */
  async put(wishes: readonly Wish[]): Promise<string[]> {
    const ids = wishes.map(() => newId());
    await this.admin.query(
      `INSERT INTO job_queue (tenant_id, id, job_type, payload, priority, scheduled_at, rate_key,
         domain_key, max_attempts)
       SELECT t, i, 'send_email', jsonb_build_object('storage_key', s), p,
         now() + ms * interval '1 millisecond', m, d, a
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::float8[], $6::text[],
         $7::text[], $8::int[]) AS j(t, i, s, p, ms, m, d, a)`,
      [
        wishes.map(({ tenantId }) => tenantId),
        ids,
        wishes.map(() => newStorageKey()),
        wishes.map(({ priority }) => priority ?? 0),
        wishes.map(({ inMs }) => inMs ?? 0),
        wishes.map(({ mailbox }) => mailbox ?? ''),
        wishes.map(({ domain }) => domain ?? null),
        wishes.map(({ maxAttempts }) => maxAttempts ?? 12),
      ],
    );
    await this.sign();
    return ids;
  }

  /** Tells all replicas that there may be something new. */
  async sign(): Promise<void> {
    await this.admin.query(`SELECT pg_notify('penguinmails_queue_ready', 'verify')`);
  }

  /** One lease; without a replica at the next one in turn. */
  async lease(max: number, waitMs: number, replica = this.#next()): Promise<TakenJob[]> {
    const body = { worker_id: 'verify', types: ['send_email'], max, wait_ms: waitMs };
    const { lease_token: token, jobs } = await this.#post<LeaseAnswer>(replica, '', body);
    return jobs.map(({ id, tenant_id: tenantId, attempt }) => ({
      ...{ id, tenantId, attempt, token, replica },
    }));
  }

  /** Leases in turn at all replicas until so many jobs came or the time is over. */
  async take(count: number, withinMs: number, each = count): Promise<TakenJob[]> {
    const deadline = performance.now() + withinMs;
    const taken: TakenJob[] = [];
    while (taken.length < count && performance.now() < deadline)
      taken.push(...(await this.lease(Math.min(each, 500, count - taken.length), 200)));
    return taken;
  }

  /** Leases at all replicas side by side, several times at each. */
  async takeAtOnce(max: number, times: number): Promise<TakenJob[]> {
    const asked = Array.from({ length: times }, () => this.replicas).flat();
    return (await Promise.all(asked.map((replica) => this.lease(max, 0, replica)))).flat();
  }

  /** Ids of those that are lost. */
  async heartbeat(jobs: readonly TakenJob[], replica = this.#next()): Promise<readonly string[]> {
    const leases = jobs.map(({ token, tenantId, id }) => ({
      lease_token: token,
      jobs: [{ tenant_id: tenantId, id }],
    }));
    const body = { worker_id: 'verify', leases };
    return (await this.#post<{ lost: string[] }>(replica, ':heartbeat', body)).lost;
  }

  finish(jobs: readonly TakenJob[], kind: string, replica = this.#next()): Promise<FinishAnswer> {
    const now = new Date().toISOString();
    const nothing = { code: null, enhanced_code: null, error_code: null, reply: null };
    const results = jobs.map(({ tenantId, id, token }) => ({
      ...{ ...nothing, tenant_id: tenantId, job_id: id, lease_token: token, kind },
      ...{ started_at: now, finished_at: now },
    }));
    return this.#post(replica, ':finish', { worker_id: 'verify', results });
  }

  /** As if its lease had run out; settles when the rescuer has taken it back. */
  async loseLease({ id }: TakenJob): Promise<void> {
    await this.admin.query(
      `UPDATE job_queue SET lease_expires_at = now() - interval '1 minute' WHERE id = $1`,
      [id],
    );
    const isBack = async () => (await this.row(id))?.['status'] === 'pending';
    await until('the rescuer took the job back', isBack);
  }

  async row(id: string): Promise<Record<string, unknown> | undefined> {
    const { rows } = await this.admin.query<Record<string, unknown>>(
      "SELECT *, scheduled_at - now() > interval '0' AS waits FROM job_queue WHERE id = $1",
      [id],
    );
    return rows[0];
  }

  async rows(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.admin.query<Record<string, unknown>>(text, values)).rows;
  }

  /** Nothing of an earlier rule is left. */
  async clear(): Promise<void> {
    const tables = ['job_queue', 'queue_controls', 'lane_pauses', 'rate_limits', 'rate_buckets'];
    for (const table of tables) await this.admin.query(`DELETE FROM ${table}`);
  }

  #next(): string {
    const replica = this.replicas[this.#turn % this.replicas.length] ?? '';
    this.#turn += 1;
    return replica;
  }

  async #post<T>(replica: string, action: string, body: object): Promise<T> {
    const token = await this.#signer.token('queue');
    const answer = await fetch(`${this.#scene.urlOf(replica)}/internal/leases${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (!answer.ok) throw new Error(`leases${action}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}
