import { setTimeout as delay } from 'node:timers/promises';
import { isHurt, readStack } from './stack.js';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly bytes: Buffer;
  readonly ms: number;
}

export interface CallOptions {
  /** Text and bytes go as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly instance: string;
  readonly request_id: string;
  readonly retryable: boolean;
  readonly tier?: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
}

const ANSWER_WITHIN_MS = 60_000;
const ATTEMPTS = 20;
const PAUSE_MS = 500;

/** The public API with one key. */
export class Api {
  constructor(readonly key: string | undefined) {}

  get<T = Record<string, unknown>>(path: string, headers?: Record<string, string>) {
    return this.call<T>('GET', path, { headers });
  }

  post<T = Record<string, unknown>>(
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) {
    return this.call<T>('POST', path, { body, headers });
  }

  patch<T = Record<string, unknown>>(path: string, body: unknown) {
    return this.call<T>('PATCH', path, { body });
  }

  /**
   * A machine that stands still uses up a request's 3 s, and the product says 503, to be tried again. Unless
   * a test has hurt the product, what may be asked again is.
   */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<Answer<T>> {
    const isRepeatable = method === 'GET' || options.headers?.['idempotency-key'] !== undefined;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#ask<T>(method, path, options);
      const isFinal = answer.status !== 503 || !isRepeatable || isHurt();
      if (isFinal || attempt === ATTEMPTS) return answer;
      await delay(PAUSE_MS);
    }
  }

  async #ask<T>(method: string, path: string, { body, headers }: CallOptions): Promise<Answer<T>> {
    const began = performance.now();
    const answer = await fetch(readStack().gateway.url + path, {
      method,
      headers: {
        ...(this.key !== undefined && { authorization: `Bearer ${this.key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: bodyOf(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isJson = answer.headers.get('content-type')?.includes('json') && bytes.length > 0;
    const read = (isJson ? JSON.parse(bytes.toString()) : undefined) as T;
    const ms = performance.now() - began;
    return { status: answer.status, headers: answer.headers, body: read, bytes, ms };
  }
}

function bodyOf(body: unknown): string | Buffer<ArrayBuffer> | undefined {
  if (body === undefined || typeof body === 'string') return body;
  return Buffer.isBuffer(body) ? (body as Buffer<ArrayBuffer>) : JSON.stringify(body);
}

/** The API for operators. */
export const platform = (): Api => new Api(readStack().keys.platform);

/** The API for nobody. */
export const anonymous = new Api(undefined);
