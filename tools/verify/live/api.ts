const ANSWER_WITHIN_MS = 60_000;

/** An answer of the gateway or of a tier. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed when it is JSON, else undefined. */
  readonly body: Record<string, unknown> | undefined;
  readonly ms: number;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Texts go as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** One request; every status is an answer. @throws when there is no answer in 20 s */
export async function call(
  url: string,
  { method = 'GET', headers, body }: Call = {},
): Promise<Answer> {
  const began = performance.now();
  const answer = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const text = await answer.text();
  const ms = performance.now() - began;
  return { status: answer.status, headers: answer.headers, text, body: parsed(answer, text), ms };
}

function parsed({ headers }: Response, text: string): Record<string, unknown> | undefined {
  if (!headers.get('content-type')?.includes('json') || text === '') return undefined;
  return JSON.parse(text) as Record<string, unknown>;
}

/** The gateway with one key. */
export class Client {
  readonly base: string;
  readonly key: string;

  constructor(base: string, key: string) {
    this.base = base;
    this.key = key;
  }

  call(path: string, { headers, ...rest }: Call = {}): Promise<Answer> {
    const authorization = `Bearer ${this.key}`;
    return call(this.base + path, { ...rest, headers: { authorization, ...headers } });
  }
}

/** An answer without what differs from one request to the next: its ids and its date. */
export function blurred({ status, headers, text }: Answer): string {
  const changing = ['date', 'x-request-id', 'connection', 'keep-alive'];
  const kept = [...headers].filter(([name]) => !changing.includes(name));
  const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  return JSON.stringify([status, kept, text.replaceAll(UUID, 'an id')]);
}
