import type { StackPlan } from '../plan.ts';

const ANSWER_WITHIN_MS = 10_000;

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
 * One call of the public API. The answer is trusted to be of type `T`.
 *
 * @throws GatewayRefusal for every answer that is no 2xx
 */
export async function callGateway<T>(
  plan: Pick<StackPlan, 'publicUrl'>,
  key: string,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(`${plan.publicUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const text = await answer.text();
  if (!answer.ok) throw refusal(answer.status, text);
  return JSON.parse(text) as T;
}

function refusal(status: number, text: string): GatewayRefusal {
  const code = /"code"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? 'no_code';
  return new GatewayRefusal(status, code, text.slice(0, 500));
}
