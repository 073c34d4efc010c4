import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import { Problem } from '@penguinmails/http/problem';
import type { Logger } from '@penguinmails/observability';
import type { Call } from '../access/current-call.js';
import { leftNoTrace } from '../clients/left-no-trace.js';
import { type IdempotencyClaim, OltpClient } from '../clients/oltp.client.js';
import { GATEWAY_LOGGER } from '../gateway.tokens.js';
import { fingerprintOf } from './fingerprint.js';

/** A write as its client asked for it. */
export interface Attempt {
  readonly call: Call;
  /** Its Idempotency-Key, if it brought one. */
  readonly key: string | undefined;
  readonly method: string;
  /** The route's template. */
  readonly route: string;
  readonly body: unknown;
}

/** An answer, and whether it is one that was given before. */
export interface Result<T> {
  readonly answer: T;
  readonly replayed: boolean;
}

/** The problems of a route that reserves Idempotency-Keys, for its documentation. */
export const RESERVATION_PROBLEMS = {
  409: ['idempotency_in_progress', 'idempotency_holder_lost'],
  422: ['idempotency_key_reused'],
} as const;

/**
 * Ties writes to their Idempotency-Keys: reserved at oltp before anything lasting happens, answered
 * from there when the write is done already, given back when it certainly did not happen.
 */
@Injectable()
export class IdempotentRequests {
  constructor(
    private readonly oltp: OltpClient,
    @Inject(GATEWAY_LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @param write gets the claim that oltp must find standing when it commits
   * @throws Problem 422 `idempotency_key_reused`, 409 `idempotency_in_progress`, and what `write` throws
   */
  async run<T>(
    attempt: Attempt,
    write: (claim: IdempotencyClaim | undefined) => Promise<T>,
  ): Promise<Result<T>> {
    const { key, method, route } = attempt;
    if (key === undefined) return { answer: await write(undefined), replayed: false };
    const claim = { key, method, route, holder: newId() };
    const done = await this.reserve(attempt, claim);
    if (done) return { answer: done.response as T, replayed: true };
    return { answer: await this.writeOrRelease(attempt.call, claim, write), replayed: false };
  }

  /**
   * Undefined when the key is ours; else the answer that was given. The mode belongs to the request: what
   * was tried with a test key must not pass for the live e-mail.
   */
  private async reserve({ call, method, route, body }: Attempt, claim: IdempotencyClaim) {
    const fingerprint = fingerprintOf(method, route, { mode: call.caller.mode, body });
    const reservation = await this.oltp.reserve(call, claim, fingerprint);
    switch (reservation.state) {
      case 'reserved':
        return undefined;
      case 'done':
        return reservation;
      case 'mismatch':
        throw keyReused();
      case 'in_progress':
        throw inProgress();
    }
  }

  private async writeOrRelease<T>(
    call: Call,
    claim: IdempotencyClaim,
    write: (claim: IdempotencyClaim) => Promise<T>,
  ): Promise<T> {
    try {
      return await write(claim);
    } catch (error) {
      if (leftNoTrace(error)) await this.release(call, claim);
      throw error;
    }
  }

  /** A key that stays reserved is taken over after 10 s, so the request's own error matters more. */
  private async release(call: Call, claim: IdempotencyClaim): Promise<void> {
    try {
      await this.oltp.release(call, claim);
    } catch (error) {
      const { code } = error as Problem;
      this.logger.warn({ request_id: call.caller.requestId, code }, 'idempotency key not released');
    }
  }
}

function keyReused(): Problem {
  return new Problem(422, 'idempotency_key_reused', {
    detail: 'The Idempotency-Key was used with another request.',
  });
}

function inProgress(): Problem {
  return new Problem(409, 'idempotency_in_progress', {
    detail: 'A request with this Idempotency-Key is still running.',
    retryAfter: 1,
    retryable: true,
  });
}
