import { tiers, type Tier } from '@penguinmails/contracts';
import { Problem, type ProblemItem } from './problem.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The body of every answer ≥ 400 (RFC 9457 and our additions). */
export interface ProblemDocument {
  /** `urn:penguinmails:problem:<code>` */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** The path that was asked, without its query. */
  readonly instance: string;
  readonly code: string;
  readonly request_id: string;
  readonly retryable: boolean;
  readonly tier?: Tier;
  readonly errors?: readonly ProblemItem[];
}

const MAX_INSTANCE = 512;

/** @param path of the request; its query is cut off, as it may hold a cursor or a credential */
export function toProblemDocument(
  problem: Problem,
  path: string,
  requestId: string,
): ProblemDocument {
  const { status, code, title, detail, tier, retryable, errors } = problem;
  return {
    type: `urn:penguinmails:problem:${code}`,
    title,
    status,
    ...(detail !== undefined && { detail }),
    instance: path.split('?')[0].slice(0, MAX_INSTANCE),
    code,
    request_id: requestId,
    retryable,
    ...(tier && { tier }),
    ...(errors && { errors }),
  };
}

/**
 * The problem that a tier answered with, to be thrown on by an edge. Undefined when the body is not a
 * problem document.
 * @param retryAfter seconds, of the answer's Retry-After header
 */
export function fromProblemDocument(
  status: number,
  body: unknown,
  retryAfter?: number,
): Problem | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { code, title, detail, errors, retryable, tier } = body as Partial<ProblemDocument>;
  if (typeof code !== 'string') return undefined;
  return new Problem(status, code, {
    ...(typeof title === 'string' && { title }),
    ...(typeof detail === 'string' && { detail }),
    ...(Array.isArray(errors) && { errors }),
    ...(typeof retryable === 'boolean' && { retryable }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(tier !== undefined && tiers.includes(tier) && { tier }),
  });
}
