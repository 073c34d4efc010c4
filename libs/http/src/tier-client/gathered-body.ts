import type { Tier } from '@penguinmails/contracts';
import type { Caller } from '../access/caller.js';
import type { GatheredAnswer } from '../gathered/gathered-request.js';
import { fromProblemDocument, Problem, tierDown } from '../problem/index.js';
import type { TierAnswer } from './answer.js';
import { TierFailure } from './tier-failure.js';

interface Part {
  readonly call: { readonly caller: Caller; readonly json: string; readonly subject?: string };
  readonly trace: Readonly<Record<string, string>>;
}

/** The JSON of a gathered request; the bodies are JSON already and are put in as they are. */
export async function bodyOf(
  parts: readonly Part[],
  tokenOf: (caller: Caller) => Promise<string>,
): Promise<string> {
  const tokens = await Promise.all(parts.map(({ call }) => tokenOf(call.caller)));
  const places = new Map<string, number>();
  for (const token of tokens) if (!places.has(token)) places.set(token, places.size);
  const items = parts.map(({ call, trace }, at) => {
    const { caller, json, subject } = call;
    const place = places.get(tokens[at]);
    const frame = JSON.stringify({ caller: place, request_id: caller.requestId, trace, subject });
    return `${frame.slice(0, -1)},"body":${json}}`;
  });
  return `{"callers":${JSON.stringify([...places.keys()])},"items":[${items.join(',')}]}`;
}

/**
 * What each item is answered with: as the same answer to a call by itself would be understood.
 * @throws Problem 503 when there is not one answer for each
 */
export function answersOf(
  body: unknown,
  count: number,
  tier: Tier,
): readonly (TierAnswer<unknown> | Problem)[] {
  const { answers } = (body ?? {}) as { answers?: readonly GatheredAnswer[] };
  if (!Array.isArray(answers) || answers.length !== count)
    throw tierDown(tier, new TierFailure('server_error'));
  return answers.map((answer: GatheredAnswer) => outcomeOf(answer, tier));
}

function outcomeOf(answer: GatheredAnswer, tier: Tier): TierAnswer<unknown> | Problem {
  const { status, body, retry_after: retryAfter } = answer;
  if (status < 400) return { status, headers: {}, body };
  const problem = fromProblemDocument(status, body, retryAfter);
  if (problem && status !== 401 && (status < 500 || status === 502)) return problem;
  return tierDown(tier, new TierFailure('server_error', problem));
}
