/** An answer of the public API, or of nothing (status 0) when none came. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when it is no JSON. */
  readonly body: Json | undefined;
  readonly ms: number;
}

export type Json = Readonly<Record<string, unknown>>;

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const ANSWER_WITHIN_MS = 20_000;

/** The public API with one key, over connections that are kept. */
export class Api {
  readonly #url: string;
  readonly #key: string | undefined;

  constructor(url: string, key: string | undefined) {
    this.#url = url;
    this.#key = key;
  }

  get(path: string): Promise<Answer> {
    return this.call({ method: 'GET', path });
  }

  /** Never rejects: an answer that does not come is one of status 0. */
  async call({ method, path, headers, body }: Call): Promise<Answer> {
    const began = performance.now();
    try {
      const response = await fetch(this.#url + path, {
        method,
        headers: {
          ...(this.#key !== undefined && { authorization: `Bearer ${this.#key}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const text = await response.text();
      const ms = performance.now() - began;
      return {
        status: response.status,
        headers: response.headers,
        body: jsonOf(response, text),
        ms,
      };
    } catch (error) {
      const headers = new Headers({ 'x-no-answer': (error as Error).name });
      return { status: 0, headers, body: undefined, ms: performance.now() - began };
    }
  }
}

function jsonOf({ headers }: Response, text: string): Json | undefined {
  const isJson = headers.get('content-type')?.includes('json') === true && text !== '';
  return isJson ? (JSON.parse(text) as Json) : undefined;
}

/** The body of an answer that had to be this. @throws Error otherwise */
export async function expectStatus(status: number, answer: Promise<Answer>): Promise<Json> {
  const { status: got, body } = await answer;
  if (got === status && body) return body;
  throw new Error(`answered ${got} instead of ${status}: ${JSON.stringify(body)}`);
}
