import {
  type Context,
  currentContext,
  inContext,
  injectTrace,
  rootContext,
} from '@penguinmails/observability';
import { setImmediate } from 'node:timers';
import type { Caller } from '../access/caller.js';
import { Problem, tierDown, tooManyRequests } from '../problem/index.js';
import type { TierAnswer } from './answer.js';
import { Departures } from './departures.js';
import { FairTurns } from './fair-turns.js';
import { answersOf, bodyOf } from './gathered-body.js';
import { RequestBudget } from './request-budget.js';
import type { TierClient } from './tier-client.js';
import { TierFailure } from './tier-failure.js';
import type { TierRequest } from './tier-request.js';

export interface GatheredOptions {
  /** Takes several calls at once. */
  readonly path: string;
  /** Calls in one request; 1 = every call by itself. */
  readonly most: number;
  /** From one batch to the next under load; default 30 ms. Less where calls come in batches already. */
  readonly restMs?: number;
  /** Whether each single call may be repeated on a lost connection. */
  readonly idempotent?: boolean;
}

/** A call that may travel with others; alone, it is the request. */
export interface GatheredCall extends Omit<TierRequest, 'body' | 'contentType'> {
  readonly caller: Caller;
  /** The body as JSON. */
  readonly json: string;
  /** What stands in the path and tells the call from others, such as a storage key. */
  readonly subject?: string;
}

/** Larger ones go alone, so that nobody waits for somebody else's megabytes. */
const MAX_ITEM_LENGTH = 32 * 1024;
const MAX_LENGTH = 512 * 1024;
/** Of one tenant; 3 s of it would not be answered in time anyway. */
const MAX_WAITING = 1000;

interface Waiting {
  readonly call: GatheredCall;
  readonly budget: RequestBudget;
  readonly context: Context;
  readonly trace: Readonly<Record<string, string>>;
  readonly settle: (outcome: Promise<TierAnswer<unknown>>) => void;
}

/**
 * Calls of many requests to one route of a tier, sent together while many come ({@link Departures}): one
 * request, one transaction, one flush to disk for all of them. A call that finds nobody waiting goes
 * out at once and by itself, so nothing gets slower when there is little to do. Each has its own answer
 * and its own time: tenants take turns, and a call whose budget is used up is answered whatever the
 * others do.
 */
export class GatheredCalls {
  readonly #turns = new FairTurns<Waiting>();
  readonly #departures: Departures;
  #underWay = 0;
  #planned = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: TierClient,
    private readonly options: GatheredOptions,
  ) {
    this.#departures = new Departures(options.most, options.restMs);
  }

  /** @throws Problem as {@link TierClient.request}; 429 `tenant_busy` when 1000 of the tenant wait */
  async request<T>(call: GatheredCall): Promise<TierAnswer<T>> {
    if (this.options.most <= 1 || call.json.length > MAX_ITEM_LENGTH) return this.#alone<T>(call);
    const { tenantId } = call.caller;
    if (this.#turns.of(tenantId) >= MAX_WAITING) throw tooManyRequests(1, 'tenant_busy');
    return (await this.#wait(call)) as TierAnswer<T>;
  }

  #wait(call: GatheredCall): Promise<TierAnswer<unknown>> {
    const budget = call.budget ?? new RequestBudget();
    const { tenantId } = call.caller;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#turns.remove(tenantId, waiting);
        reject(tierDown(this.client.tier, new TierFailure('budget')));
      }, budget.remaining());
      // An answer that comes after the time was up finds nobody who listens.
      const settle = (outcome: Promise<TierAnswer<unknown>>): void =>
        void outcome.then(resolve, reject).finally(() => clearTimeout(timer));
      const context = currentContext();
      const waiting = { call, budget, context, trace: injectTrace(), settle };
      this.#turns.add(tenantId, waiting);
      this.#plan();
    });
  }

  /** After the sockets that are readable now were read: what arrived together travels together. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#turns.size > 0) {
      const waitMs = this.#departures.waitMs(this.#turns.size, this.#underWay);
      if (waitMs === undefined) return;
      if (waitMs > 0) return this.#planIn(waitMs);
      void this.#send(this.#next());
    }
  }

  #planIn(ms: number): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#dispatch();
    }, ms);
  }

  #next(): Waiting[] {
    const batch: Waiting[] = [];
    let length = 0;
    for (;;) {
      length += this.#turns.peek()?.call.json.length ?? MAX_LENGTH;
      if (batch.length > 0 && length >= MAX_LENGTH) return batch;
      const next = this.#turns.take();
      if (!next) return batch;
      batch.push(next);
      if (batch.length === this.options.most) return batch;
    }
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    this.#underWay += 1;
    this.#departures.left(batch.length);
    const [first] = batch;
    const sent = batch.length === 1 ? this.#sendOne(first) : this.#sendAll(batch);
    await sent.catch(() => undefined); // each call was told
    this.#underWay -= 1;
    this.#dispatch();
  }

  #sendOne({ call, context, settle }: Waiting): Promise<unknown> {
    const answer = inContext(context, () => this.#alone(call));
    settle(answer);
    return answer;
  }

  #alone<T>({ json, ...request }: GatheredCall): Promise<TierAnswer<T>> {
    const body = Buffer.from(json);
    return this.client.request<T>({ ...request, body, contentType: 'application/json' });
  }

  /** In no request's trace: each of them goes on with its own on the other side. */
  async #sendAll(batch: readonly Waiting[]): Promise<void> {
    const answers = inContext(rootContext(), () => this.#answers(batch));
    batch.forEach(({ settle }, at) => settle(answers.then((all) => answerAt(all, at))));
    await answers;
  }

  async #answers(batch: readonly Waiting[]): Promise<readonly (TierAnswer<unknown> | Problem)[]> {
    const { path, idempotent } = this.options;
    const body = Buffer.from(await bodyOf(batch, (caller) => this.client.tokenOf(caller)));
    const budget = batch.map((each) => each.budget).reduce(longer);
    const request = { method: 'POST', path, body, contentType: 'application/json' } as const;
    const requestId = batch[0].call.caller.requestId;
    const { body: answer } = await this.client.request({
      ...request,
      requestId,
      budget,
      idempotent,
    });
    return answersOf(answer, batch.length, this.client.tier);
  }
}

function answerAt(
  all: readonly (TierAnswer<unknown> | Problem)[],
  at: number,
): TierAnswer<unknown> {
  const answer = all[at];
  if (answer instanceof Problem) throw answer;
  return answer;
}

const longer = (one: RequestBudget, other: RequestBudget): RequestBudget =>
  one.remaining() >= other.remaining() ? one : other;
