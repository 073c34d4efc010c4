import { Client } from 'pg';
import { cpuMsOfFamily } from '../process-cpu.ts';

/** The bench's PostgreSQL server. */
export interface ServerAddress {
  /** Superuser in the database `postgres`. */
  readonly adminUrl: string;
  /** Whose CPU counts, with its children: the postmaster, or the Redis that takes its place. */
  readonly pid: number;
  /** False: what the contender writes does not go into PostgreSQL's WAL. */
  readonly writesWal: boolean;
}

/** Readings since the start of the server or process; only differences mean something. */
export interface Reading {
  readonly at: number;
  /** All processes of the server, ended ones included. */
  readonly databaseCpuMs: number;
  /** Absent for a contender that writes none. */
  readonly walBytes?: number;
  /** This process: producer and worker together. */
  readonly clientCpuMs: number;
}

const CONNECT_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 60_000;

/** What work costs, read from outside of the database that is measured. */
export class CostMeter {
  readonly #client: Client;
  readonly #server: ServerAddress;

  constructor(server: ServerAddress) {
    this.#server = server;
    this.#client = new Client({
      connectionString: server.adminUrl,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
    });
    this.#client.on('error', (error) => process.stderr.write(`cost meter: ${error.message}\n`));
  }

  async open(): Promise<void> {
    await this.#client.connect();
  }

  async read(): Promise<Reading> {
    const { rows } = await this.#client.query<{ wal: string }>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal`,
    );
    const { user, system } = process.cpuUsage();
    return {
      at: performance.now(),
      databaseCpuMs: cpuMsOfFamily(this.#server.pid),
      walBytes: this.#server.writesWal ? Number(rows[0].wal) : undefined,
      clientCpuMs: (user + system) / 1_000,
    };
  }

  /** Transactions of one database so far, committed or not. */
  async transactions(database: string): Promise<number> {
    const { rows } = await this.#client.query<{ n: string }>(
      `SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = $1`,
      [database],
    );
    return Number(rows[0].n);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

/** @param jobs what the work consisted of; µs of CPU and, where there is any, bytes of WAL for each */
export function costPerJob(before: Reading, after: Reading, jobs: number): Record<string, number> {
  const costs: Record<string, number> = {
    db_us: ((after.databaseCpuMs - before.databaseCpuMs) * 1_000) / jobs,
    client_us: ((after.clientCpuMs - before.clientCpuMs) * 1_000) / jobs,
  };
  if (before.walBytes !== undefined && after.walBytes !== undefined)
    costs.wal_bytes = (after.walBytes - before.walBytes) / jobs;
  return costs;
}
