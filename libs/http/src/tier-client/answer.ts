import type { Dispatcher } from 'undici';
import { fromProblemDocument, type Problem, unauthorized } from '../problem/index.js';
import type { Deadline, Deadlines } from './deadline.js';
import { TierFailure } from './tier-failure.js';

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A tier's answer below 400. */
export interface TierAnswer<T> {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: T;
}

type RawAnswer = Dispatcher.ResponseData;
export type ReadBody<T> = (answer: RawAnswer, deadline: Deadline) => Promise<T>;

/** @throws TierFailure when the body is not JSON; undefined for an empty one */
export async function readJson<T>({ body, headers }: RawAnswer): Promise<T> {
  const text = await body.text();
  if (text === '') return undefined as T;
  if (!/^application\/([a-z.]+\+)?json/.test(String(headers['content-type'])))
    throw new TierFailure('server_error');
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new TierFailure('server_error', cause);
  }
}

export async function readBytes({ body }: RawAnswer): Promise<Buffer> {
  return Buffer.from(await body.arrayBuffer());
}

/**
 * Reads a file: the call's own limit counts up to its first byte, so that a dead tier is noticed in time;
 * from there on it may take long, but not stand still.
 */
export function fileReader({ download, progress }: Deadlines): ReadBody<Buffer> {
  return async ({ body }, deadline) => {
    const chunks: Buffer[] = [];
    for await (const chunk of body) {
      if (chunks.length === 0) deadline.renew(download);
      deadline.progress(progress);
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  };
}

/**
 * The problem of an answer of 400 and more that is the request's fault, to be thrown on, or a failure
 * of the tier. A 502 with a problem (content whose hash differs) is about one object, not the tier; a
 * 401 is about our own token, so that the caller must not read it as theirs.
 */
export async function toProblem(answer: RawAnswer): Promise<Problem> {
  const { statusCode } = answer;
  const retryAfter = secondsOf(answer.headers['retry-after']);
  const problem = fromProblemDocument(statusCode, await readJson(answer), retryAfter);
  if (statusCode === 401) throw new TierFailure('server_error', problem ?? unauthorized());
  if (problem && (statusCode < 500 || statusCode === 502)) return problem;
  throw new TierFailure('server_error', problem);
}

/** Our tiers say seconds; a date, which RFC 9110 allows too, is left out. */
function secondsOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}
