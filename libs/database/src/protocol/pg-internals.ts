/**
 * What the batch uses of node-postgres beyond its public API. pg is pinned for it; the contract test
 * (test/integration/batch-contract.int.ts) decides whether another version fits.
 */
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { plainArrayLiteral } from './array-literal.js';

/** Text parameters are strings, binary ones buffers. */
export type BoundValue = string | Buffer | null;

/** pg/lib/connection: writes protocol messages. */
export interface WireConnection extends NodeJS.EventEmitter {
  readonly stream: Duplex;
  parse(message: { name: string; text: string; types: undefined }): void;
  bind(message: {
    portal: string;
    statement: string;
    values: readonly BoundValue[];
    binary: boolean;
  }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(message: { portal: string; rows: number }): void;
  close(message: { type: 'S'; name: string }): void;
  sync(): void;
  sendCopyFail(message: string): void;
}

/** pg/lib/result: collects and parses the rows of one statement. */
export interface ResultCollector {
  readonly command: string | null;
  readonly rowCount: number | null;
  readonly rows: Record<string, unknown>[];
  addFields(fields: unknown[]): void;
  parseRow(fields: unknown[]): Record<string, unknown>;
  addCommandComplete(message: unknown): void;
}

export type InternalClient = Omit<pg.PoolClient, 'query'> & {
  /** Takes a query class of our own as well; its outcome comes through the class. */
  query(submittable: object): unknown;
  readonly connection: WireConnection;
  readonly _types: unknown;
  /** False between a query and its ReadyForQuery. */
  readonly readyForQuery: boolean;
  getTransactionStatus(): 'I' | 'T' | 'E' | null;
};

const require = createRequire(import.meta.url);

export const Result = require('pg/lib/result.js') as new (
  rowMode: undefined,
  types: unknown,
) => ResultCollector;

const { prepareValue } = require('pg/lib/utils.js') as {
  prepareValue(value: unknown): BoundValue;
};

/**
 * Values as they go over the wire. `undefined` is refused: node-postgres would send NULL, and a
 * forgotten argument would match no row instead of failing.
 */
export function bindValues(values: readonly unknown[]): BoundValue[] {
  return values.map((value, index) => {
    if (value === undefined) throw new TypeError(`value $${index + 1} is undefined`);
    return boundValue(value);
  });
}

function boundValue(value: unknown): BoundValue {
  const literal = Array.isArray(value) ? plainArrayLiteral(value) : undefined;
  return literal ?? prepareValue(value);
}
