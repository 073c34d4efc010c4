import { unprocessable } from '../problem/problems.js';

/** One call among several that an edge sends together: what it would have been alone. */
export interface GatheredItem {
  /** Place of its service token in `callers`. */
  readonly caller: number;
  readonly request_id: string;
  /** W3C trace headers of the request it belongs to. */
  readonly trace: Readonly<Record<string, string>>;
  /** What would stand in the path, such as a storage key. */
  readonly subject?: string;
  readonly body: unknown;
}

/** Body of the routes that take several calls at once. */
export interface GatheredRequest {
  /** Service tokens, one for each caller among the items: every item is proven by itself. */
  readonly callers: readonly string[];
  readonly items: readonly GatheredItem[];
}

/** Answer to one item: what it would have been alone. */
export interface GatheredAnswer {
  readonly status: number;
  /** The body; a problem document from 400 on. */
  readonly body: unknown;
  /** Seconds of Retry-After. */
  readonly retry_after?: number;
}

/** Answer of the routes that take several calls at once, in the order of the items. */
export interface GatheredAnswers {
  readonly answers: readonly GatheredAnswer[];
}

/** More items, or more callers, are refused as a whole. */
export const MAX_GATHERED = 256;

/** Written by hand: class-validator takes longer for the frame than the work inside it. */
export function readGathered(body: unknown): GatheredRequest {
  const { callers, items } = (body ?? {}) as Partial<GatheredRequest>;
  if (!isList(callers) || !callers.every((token) => typeof token === 'string'))
    throw malformed('/callers');
  if (!isList(items) || !items.every((item) => isItem(item, callers.length)))
    throw malformed('/items');
  return { callers, items };
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.length <= MAX_GATHERED;
}

function isItem(value: unknown, callers: number): value is GatheredItem {
  if (typeof value !== 'object' || value === null) return false;
  const { caller, request_id: requestId, trace, subject } = value as Partial<GatheredItem>;
  return (
    Number.isInteger(caller) &&
    (caller as number) >= 0 &&
    (caller as number) < callers &&
    typeof requestId === 'string' &&
    isTrace(trace) &&
    (subject === undefined || typeof subject === 'string')
  );
}

function isTrace(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((header) => typeof header === 'string');
}

const malformed = (pointer: string) =>
  unprocessable([{ pointer, code: 'malformed_batch', detail: 'Not a batch of calls.' }]);
