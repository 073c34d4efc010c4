import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { StackPlan } from '../plan.ts';

const ANSWER_WITHIN_MS = 30_000;
const TRIES = 20;
const PAUSE_MS = 1_000;

/** The gateway answered with a problem document. */
export class GatewayRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, text: string) {
    super(`the gateway answers ${status} ${code}: ${text}`);
    this.status = status;
    this.code = code;
  }
}

/**
 * One call of the public API. The answer is trusted to be of type `T`. A 503, as of a machine that stands
 * still for some seconds, is asked again under the same Idempotency-Key.
 *
 * @throws GatewayRefusal for every other answer that is no 2xx, and for the last 503
 */
export async function callGateway<T>(
  plan: Pick<StackPlan, 'publicUrl'>,
  key: string,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
  };
  const json = body === undefined ? undefined : JSON.stringify(body);
  for (let attempt = 1; ; attempt += 1) {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(plan.publicUrl + path, { method, headers, body: json, signal });
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text) as T;
    if (answer.status !== 503 || attempt === TRIES) throw refusal(answer.status, text);
    await delay(PAUSE_MS);
  }
}

function refusal(status: number, text: string): GatewayRefusal {
  const code = /"code"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? 'no_code';
  return new GatewayRefusal(status, code, text.slice(0, 500));
}
