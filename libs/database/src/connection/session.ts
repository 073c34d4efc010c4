import { once } from 'node:events';
import type { InternalClient } from '../protocol/pg-internals.js';
import { StatementBatch, type StatementResult } from '../protocol/statement-batch.js';
import type { Statement } from '../protocol/statement.js';
import { endsSession, withoutValues } from './server-error.js';

/** Longer than the server's statement_timeout: fires only when the server itself is frozen. */
const ANSWER_DEADLINE_MS = 35_000;

/** The server did not answer a batch in time; the connection was given up. */
export class AnswerTimeout extends Error {
  override readonly name = 'AnswerTimeout';
  readonly code = 'ETIMEDOUT';
}

/** A connection taken out of a pool, until it is given back. */
export class Session {
  private brokenBy?: Error;
  /** What the server had answered of the last batch when one of its statements failed. */
  answersBeforeFailure: readonly StatementResult[] = [];
  private readonly onError = (error: Error) => {
    this.brokenBy ??= error;
  };

  constructor(
    private readonly client: InternalClient,
    private readonly pooled: boolean,
    private readonly onReleased: () => void = () => undefined,
  ) {
    // The pool listens on idle clients only: without this a dying server would end the process.
    client.on('error', this.onError);
  }

  /** I idle, T in a transaction, E in a failed one. */
  get transactionStatus(): 'I' | 'T' | 'E' | null {
    return this.client.getTransactionStatus();
  }

  /** The state of this connection is unknown or bad: it is closed instead of given back. */
  condemn(reason: Error): void {
    this.brokenBy ??= reason;
  }

  /**
   * Sends the statements as one batch with one Sync. When it rejects by an answer of the server, the
   * server is ready again; otherwise the session is condemned.
   */
  async run(
    statements: readonly Statement[],
    deadlineMs = ANSWER_DEADLINE_MS,
  ): Promise<StatementResult[]> {
    const timer = setTimeout(() => this.giveUp(deadlineMs), deadlineMs);
    try {
      return await this.send(statements);
    } catch (error) {
      throw await this.afterFailure(error as Error);
    } finally {
      clearTimeout(timer);
    }
  }

  private send(statements: readonly Statement[]): Promise<StatementResult[]> {
    return new Promise((resolve, reject) => {
      const settle = ({ results, error }: { results: StatementResult[]; error?: Error }) => {
        this.answersBeforeFailure = error ? results : [];
        if (error) reject(error);
        else resolve(results);
      };
      this.client.query(new StatementBatch(statements, this.client._types, this.pooled, settle));
    });
  }

  private giveUp(deadlineMs: number): void {
    const timeout = new AnswerTimeout(`no answer from the database within ${deadlineMs} ms`);
    this.condemn(timeout);
    this.client.connection.stream.destroy(timeout);
  }

  private async afterFailure(error: Error): Promise<Error> {
    if (endsSession(error)) this.condemn(error);
    else await this.readyAgain();
    return withoutValues(this.brokenBy instanceof AnswerTimeout ? this.brokenBy : error);
  }

  /** After an error the server skips to the Sync and says ReadyForQuery: mostly in the same packet. */
  private async readyAgain(): Promise<void> {
    const { connection } = this.client;
    if (this.client.readyForQuery || connection.stream.destroyed) return;
    const stop = new AbortController();
    await Promise.race([
      once(connection, 'readyForQuery', { signal: stop.signal }),
      once(connection, 'end', { signal: stop.signal }),
    ]).finally(() => stop.abort());
  }

  /** Gives the connection back, or closes it when a transaction is open or its state is unknown. */
  release(): void {
    this.client.removeListener('error', this.onError);
    const unusable = this.brokenBy ?? (this.transactionStatus === 'I' ? undefined : true);
    this.client.release(unusable);
    this.onReleased();
  }
}
