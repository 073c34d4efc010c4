import { endsSession } from '../connection/server-error.js';

/** A statement was sent through a transaction that has ended. */
export class TransactionOver extends Error {
  override readonly name = 'TransactionOver';

  constructor() {
    super('the transaction is over');
  }
}

/**
 * An earlier statement of the same batch failed, so the server skipped this one: what it would have
 * answered had the statement come alone.
 */
export class InFailedTransaction extends Error {
  override readonly name = 'InFailedTransaction';
  readonly code = '25P02';

  constructor() {
    super('current transaction is aborted, commands ignored until end of transaction block');
  }
}

/** COMMIT was answered with ROLLBACK: a statement had failed and its error was ignored. */
export class TransactionRolledBack extends Error {
  override readonly name = 'TransactionRolledBack';

  constructor() {
    super('the transaction was rolled back instead of committed');
  }
}

/**
 * The connection broke between COMMIT and its answer: the changes are durable or gone. The cause is
 * the connection's error, so `isInfrastructure` holds.
 */
export class CommitOutcomeUnknown extends Error {
  override readonly name = 'CommitOutcomeUnknown';

  constructor(cause: Error) {
    super('the connection broke before the commit was confirmed', { cause });
  }

  static unlessKnown(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof TransactionRolledBack) return error;
    return endsSession(error) ? new CommitOutcomeUnknown(error) : error;
  }
}

/** `once` was given more than one statement, or entities. */
export class MoreThanOneStatement extends Error {
  override readonly name = 'MoreThanOneStatement';

  constructor() {
    super('once() runs exactly one statement: use transaction()');
  }
}

/** A tenant was found in a session outside of a transaction; the connection was closed. */
export class SurvivingTenant extends Error {
  override readonly name = 'SurvivingTenant';

  constructor() {
    super('a tenant survived its transaction: somebody set it for the whole session');
  }
}
