import { type ResultCollector, Result, type WireConnection } from './pg-internals.js';
import { type PreparedNames, preparedNames } from './prepared-names.js';
import type { Statement } from './statement.js';

/** Answer to one statement of a batch. */
export interface StatementResult {
  /** First word of the command tag: SELECT, INSERT, COMMIT, ROLLBACK … */
  readonly command: string;
  readonly rows: Record<string, unknown>[];
  readonly rowCount: number;
  /** First column of the last row, for statements that are not described. */
  readonly value: string | null;
}

/** With an error: the answers before it. */
type Settle = (outcome: { results: StatementResult[]; error?: Error }) => void;

/**
 * A query class for node-postgres: several statements with bound values and ONE Sync, so one round
 * trip. Outside of BEGIN the statements before a Sync are one implicit transaction, which commits at
 * the Sync: a setting local to the transaction lives exactly as long as the batch. Results count
 * only at ReadyForQuery, because the commit itself may still fail. After an error node-postgres
 * gives no ReadyForQuery to the query object, so handleError settles.
 */
export class StatementBatch {
  private readonly results: StatementResult[] = [];
  private collector: ResultCollector;
  private value: string | null = null;
  private names?: PreparedNames;
  private failure?: Error;
  private settled = false;

  constructor(
    private readonly statements: readonly Statement[],
    private readonly types: unknown,
    private readonly pooled: boolean,
    private readonly settle: Settle,
  ) {
    this.collector = new Result(undefined, types);
  }

  /** Called by the client when it is this query's turn. An error returned means nothing was sent. */
  submit(connection: WireConnection): Error | null {
    this.names = preparedNames(connection);
    connection.stream.cork();
    try {
      for (const each of this.statements) this.send(connection, each);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    } finally {
      connection.sync();
      connection.stream.uncork();
    }
    return null;
  }

  private send(connection: WireConnection, each: Statement): void {
    const name = this.pooled ? '' : each.name;
    this.names?.parse(connection, { ...each, name });
    connection.bind({ portal: '', statement: name, values: each.values, binary: false });
    if (each.described) connection.describe({ type: 'P', name: '' });
    connection.execute({ portal: '', rows: 0 });
  }

  handleRowDescription(message: { fields: unknown[] }): void {
    this.collector.addFields(message.fields);
  }

  handleDataRow(message: { fields: unknown[] }): void {
    if (!this.statements[this.results.length]?.described) {
      this.value = message.fields[0] as string | null;
      return;
    }
    if (this.failure) return;
    try {
      this.collector.rows.push(this.collector.parseRow(message.fields));
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  handleCommandComplete(message: unknown): void {
    this.collector.addCommandComplete(message);
    this.next();
  }

  handleEmptyQuery(): void {
    this.next();
  }

  private next(): void {
    const { command, rows, rowCount } = this.collector;
    this.results.push({
      command: command ?? '',
      rows,
      rowCount: rowCount ?? rows.length,
      value: this.value,
    });
    this.value = null;
    this.collector = new Result(undefined, this.types);
  }

  handleError(error: Error): void {
    this.finish(false, { results: this.results, error: this.failure ?? error });
  }

  handleReadyForQuery(): void {
    if (this.failure) this.finish(false, { results: [], error: this.failure });
    else this.finish(true, { results: this.results });
  }

  /** The server swallows our Sync while it waits for copy data: end the copy and send another. */
  handleCopyInResponse(connection: WireConnection): void {
    connection.sendCopyFail('COPY FROM STDIN is not supported');
    connection.sync();
  }

  handleCopyData(): void {
    this.failure ??= new Error('COPY TO STDOUT is not supported');
  }

  handlePortalSuspended(): void {
    this.failure ??= new Error('a portal was suspended although all rows were asked for');
  }

  private finish(succeeded: boolean, outcome: Parameters<Settle>[0]): void {
    if (this.settled) return;
    this.settled = true;
    this.names?.settle(succeeded);
    this.settle(outcome);
  }
}
