import type { Logger } from '@penguinmails/observability';
import type { Caller } from '../access/caller.js';
import { assertAccess, type RouteAccess } from '../access/route-access.js';
import { VerifiedTokens } from '../access/verified-tokens.js';
import { internalError, Problem, toProblemDocument } from '../problem/index.js';
import type { MapError } from '../problem/problem.filter.js';
import type { ServiceTokenExpectation } from '../token/verify-service-token.js';
import {
  type GatheredAnswer,
  type GatheredAnswers,
  type GatheredItem,
  type GatheredRequest,
  readGathered,
} from './gathered-request.js';

/** An item whose caller is proven and may do this. */
export interface ProvenCall extends Omit<GatheredItem, 'caller'> {
  readonly caller: Caller;
}

/** What became of one item: a value, or whatever a route would have thrown. */
export type Outcome =
  { readonly status: number; readonly body: unknown } | { readonly error: unknown };

/** Does the work of several calls; one outcome for each, in their order. */
export type Together = (calls: readonly ProvenCall[]) => Promise<readonly Outcome[]>;

export interface GatheredDeskOptions {
  readonly callers: ServiceTokenExpectation;
  readonly logger: Logger;
  readonly mapError: MapError;
}

/**
 * Answers calls that an edge has sent together, each as if it had come alone: its own service token,
 * its own right, its own problem. The route itself is for the edge: `@ServiceRoute('gateway')`.
 */
export class GatheredDesk {
  readonly #tokens: VerifiedTokens;

  constructor(private readonly options: GatheredDeskOptions) {
    this.#tokens = new VerifiedTokens(options.callers);
  }

  /**
   * @param access what each item's caller must be allowed, as the route for one call declares it
   * @throws Problem 422 for a body that is no batch; the first item's problem when all of them failed on
   * this side, so that an edge sees a tier that is down
   */
  async answer(body: unknown, access: RouteAccess, work: Together): Promise<GatheredAnswers> {
    const request = readGathered(body);
    const opened = await this.#open(request, access);
    const proven = opened.filter((call) => !(call instanceof Problem)) as ProvenCall[];
    const outcomes = proven.length > 0 ? [...(await work(proven))] : [];
    const settled = opened.map((call) =>
      call instanceof Problem ? { error: call } : (outcomes.shift() as Outcome),
    );
    const problems = settled.map((outcome) => this.#problemOf(outcome));
    if (problems.every(isOurs)) throw problems[0] as Problem;
    return {
      answers: settled.map((outcome, at) => this.#answer(outcome, problems[at], request.items[at])),
    };
  }

  async #open({ callers, items }: GatheredRequest, access: RouteAccess) {
    const known = await Promise.all(callers.map((token) => this.#verified(token, access)));
    return items.map(({ caller: at, ...item }): ProvenCall | Problem => {
      const caller = known[at];
      if (caller instanceof Problem) return caller;
      return { ...item, caller: { ...caller, requestId: item.request_id } };
    });
  }

  async #verified(token: string, access: RouteAccess): Promise<Caller | Problem> {
    try {
      const { caller } = await this.#tokens.verify(token);
      const proven = { ...caller, requestId: '' };
      assertAccess(access, proven);
      return proven;
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  #problemOf(outcome: Outcome): Problem | undefined {
    if (!('error' in outcome)) return undefined;
    const { error } = outcome;
    if (error instanceof Problem) return error;
    return this.options.mapError(error) ?? internalError(error);
  }

  #answer(outcome: Outcome, problem: Problem | undefined, item: GatheredItem): GatheredAnswer {
    if (!problem) return outcome as GatheredAnswer;
    const { status, code, cause, retryAfter } = problem;
    const fields = { request_id: item.request_id, status, code };
    if (status >= 500) this.options.logger.error({ ...fields, err: cause }, 'call failed');
    const body = toProblemDocument(problem, '/', item.request_id);
    return { status, body, ...(retryAfter !== undefined && { retry_after: retryAfter }) };
  }
}

/** Not the item's fault but this side's; 502 is about one object. */
const isOurs = (problem: Problem | undefined): boolean =>
  problem !== undefined && problem.status >= 500 && problem.status !== 502;
