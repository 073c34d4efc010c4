import type { Tier } from '@penguinmails/contracts';
import {
  histogram,
  injectTrace,
  metrics,
  type Span,
  SpanKind,
  spans,
  withSpan,
} from '@penguinmails/observability';
import { type Dispatcher, Pool } from 'undici';
import type { Caller } from '../access/caller.js';
import { Problem, tierDown } from '../problem/index.js';
import {
  fileReader,
  type ReadBody,
  readBytes,
  readJson,
  type TierAnswer,
  toProblem,
} from './answer.js';
import { isBreakerOpen, TierBreaker } from './breaker.js';
import { type CallLimit, Deadline, type Deadlines, limitOf, seedDeadlines } from './deadline.js';
import { isUpload, type PreparedBody, prepareBody } from './request-body.js';
import { DownAnswer, failureOf, isReset, TierFailure } from './tier-failure.js';
import { mayRepeat, targetOf, type TierRequest } from './tier-request.js';

export interface TierClientOptions {
  readonly tier: Tier;
  /** Such as `http://127.0.0.1:8081`. */
  readonly baseUrl: string;
  /** A service token for this tier: `(caller) => signer.token(tier, caller)`. */
  readonly signToken: (caller?: Caller) => Promise<string>;
  /**
   * Called with the Date header of a 401; true: it explains the refusal and the next token will do, so
   * the call is sent once more. A 401 means that the tier did nothing.
   */
  readonly onRefusedToken?: (date: string | undefined) => boolean;
  readonly deadlines?: Partial<Deadlines>;
  /** Open connections at most; default 64. */
  readonly connections?: number;
}

// The tiers keep idle connections for 10 s: the client closes first, so the reset race is rare.
const KEEP_ALIVE_MS = 4000;
const CONNECT_MS = 1000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const DEFAULT_CONNECTIONS = 64;

/**
 * An edge's way to one tier: keep-alive connections, a deadline for every call, a circuit breaker.
 *
 * Throws Problem only: what the tier refused (4xx) as the tier said it, everything else as 503
 * `tier_unavailable` with `tier` and Retry-After. While the breaker is open the answer comes at once.
 */
export class TierClient {
  readonly #options: TierClientOptions;
  readonly #deadlines: Deadlines;
  readonly #pool: Pool;
  readonly #breaker: TierBreaker;

  constructor(options: TierClientOptions) {
    this.#options = options;
    this.#deadlines = { ...seedDeadlines, ...options.deadlines };
    this.#breaker = new TierBreaker(options.tier);
    this.#pool = new Pool(options.baseUrl, {
      connections: options.connections ?? DEFAULT_CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connectTimeout: CONNECT_MS,
      // Our deadlines decide; these only bound what they might miss.
      headersTimeout: this.#deadlines.upload,
      bodyTimeout: this.#deadlines.progress,
      maxResponseSize: MAX_ANSWER_BYTES,
    });
  }

  /** A call answered with JSON, or with nothing (`body` undefined). */
  request<T>(request: TierRequest): Promise<TierAnswer<T>> {
    return this.#call(request, readJson<T>);
  }

  /** A call answered with bytes, all of them within the deadline. */
  requestBytes(request: TierRequest): Promise<TierAnswer<Buffer>> {
    return this.#call(request, readBytes);
  }

  /** A call answered with a file: the deadline counts to its first byte, then 2.5 s without a byte. */
  requestFile(request: TierRequest): Promise<TierAnswer<Buffer>> {
    return this.#call(request, fileReader(this.#deadlines));
  }

  get tier(): Tier {
    return this.#options.tier;
  }

  /** The service token that stands for a caller at this tier. */
  tokenOf(caller: Caller): Promise<string> {
    return this.#options.signToken(caller);
  }

  /** True while calls are refused without asking the tier. */
  get isOpen(): boolean {
    return this.#breaker.isOpen;
  }

  /** Closes the connections when their calls have ended. */
  async close(): Promise<void> {
    this.#breaker.close();
    await this.#pool.close();
  }

  #call<T>(request: TierRequest, read: ReadBody<T>): Promise<TierAnswer<T>> {
    const { tier } = this.#options;
    const attributes = { 'penguinmails.tier': tier, 'http.request.method': request.method };
    const options = { kind: SpanKind.CLIENT, attributes, title: `${request.method} ${tier}` };
    return withSpan(spans.tierCall, options, (span) => this.#measured(request, read, span));
  }

  async #measured<T>(request: TierRequest, read: ReadBody<T>, span: Span): Promise<TierAnswer<T>> {
    const startedAt = performance.now();
    const { tier } = this.#options;
    let outcome = 'ok';
    try {
      const answer = await this.#guarded(request, read);
      if (answer instanceof Problem) throw answer;
      span.setAttribute('http.response.status_code', answer.status);
      return answer;
    } catch (error) {
      outcome = outcomeOf(error);
      throw error instanceof Problem ? error : tierDown(tier, error);
    } finally {
      const labels = { tier, 'http.request.method': request.method, outcome };
      histogram(metrics.tierCallDuration).record((performance.now() - startedAt) / 1000, labels);
    }
  }

  /** Under the breaker. */
  async #guarded<T>(request: TierRequest, read: ReadBody<T>): Promise<TierAnswer<T> | Problem> {
    try {
      return await this.#breaker.run(async () => {
        const answer = await this.#answered(request, read);
        if (!(answer instanceof Problem) && request.saysDown?.(answer.body))
          throw new DownAnswer(answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof DownAnswer) return error.answer as TierAnswer<T>;
      throw error;
    }
  }

  /** Resolves to the answer, or to the problem that the tier refused with. */
  async #answered<T>(request: TierRequest, read: ReadBody<T>): Promise<TierAnswer<T> | Problem> {
    const body = prepareBody(request.body, request.contentType);
    const limit = this.#limitOf(request, body);
    if (limit.ms <= 0) throw new TierFailure('budget');
    const deadline = new Deadline(limit);
    if (isUpload(body)) deadline.progress(this.#deadlines.progress);
    try {
      const answer = await this.#sendWithGoodToken(request, body, deadline);
      const { statusCode: status, headers } = answer;
      return status >= 400
        ? await toProblem(answer)
        : { status, headers, body: await read(answer, deadline) };
    } catch (error) {
      throw failureOf(error);
    } finally {
      deadline.clear();
    }
  }

  async #sendWithGoodToken(
    request: TierRequest,
    body: PreparedBody,
    deadline: Deadline,
  ): Promise<Dispatcher.ResponseData> {
    const answer = await this.#sendAgainOnReset(request, body, deadline);
    if (answer.statusCode !== 401 || !body.repeatable) return answer;
    if (!this.#options.onRefusedToken?.(String(answer.headers.date))) return answer;
    await answer.body.dump();
    return this.#sendAgainOnReset(request, body, deadline);
  }

  /** Until the headers of an answer: a connection that was closed before may be replaced once. */
  async #sendAgainOnReset(
    request: TierRequest,
    body: PreparedBody,
    deadline: Deadline,
  ): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#send(request, body, deadline);
    } catch (error) {
      if (!isReset(error) || !mayRepeat(request) || !body.repeatable) throw error;
      return await this.#send(request, body, deadline);
    }
  }

  async #send(
    request: TierRequest,
    body: PreparedBody,
    deadline: Deadline,
  ): Promise<Dispatcher.ResponseData> {
    const call = this.#pool.request({
      method: request.method,
      path: targetOf(request),
      headers: await this.#headersOf(request, body),
      body: body.open(() => deadline.progress(this.#deadlines.progress)),
      signal: deadline.signal,
    });
    return await deadline.within(call);
  }

  async #headersOf(request: TierRequest, body: PreparedBody): Promise<Record<string, string>> {
    const requestId = request.requestId ?? request.caller?.requestId;
    return {
      ...request.headers,
      ...injectTrace(),
      authorization: `Bearer ${await this.#options.signToken(request.caller)}`,
      ...(requestId && { 'x-request-id': requestId }),
      ...(body.contentType && { 'content-type': body.contentType }),
      ...(body.length && { 'content-length': String(body.length) }),
    };
  }

  #limitOf({ method, deadlineMs, budget }: TierRequest, body: PreparedBody): CallLimit {
    const { upload, read, write } = this.#deadlines;
    if (isUpload(body)) return limitOf(deadlineMs ?? upload, undefined);
    return limitOf(deadlineMs ?? (method === 'GET' ? read : write), budget);
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof Problem) return 'client_error';
  return isBreakerOpen(error) ? 'open' : failureOf(error).kind;
}
