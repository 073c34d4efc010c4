import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { PublicKeys } from '@penguinmails/config';
import type { Tier } from '@penguinmails/contracts';
import { type Caller, verifyServiceToken } from '@penguinmails/http';

/** One request as a tier got it. */
export interface Asked {
  /** As it was scripted, such as `GET /internal/emails/:id`. */
  readonly route: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  readonly caller: Omit<Caller, 'requestId'>;
}

export interface Reply {
  readonly status: number;
  /** JSON, or bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `hang` never answers, `cut` closes the connection once the request has arrived. */
export type Behaviour = Reply | 'hang' | 'cut';
type Script = (asked: Asked) => Behaviour;

/** A refusal as a tier words it. */
export const problem = (status: number, code: string, more: object = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: {
    type: `urn:penguinmails:problem:${code}`,
    title: STATUS_CODES[status],
    status,
    detail: `detail of ${code}`,
    instance: '/internal/path',
    code,
    request_id: 'request id of the tier',
    retryable: status === 503 || status === 429,
    ...more,
  },
});

interface GatheredRequest {
  readonly callers: readonly string[];
  readonly items: readonly {
    readonly caller: number;
    readonly request_id: string;
    readonly subject?: string;
    readonly body: unknown;
  }[];
}

/** The route of one call, by the route that takes several. */
const SINGLE: Readonly<Record<string, string>> = {
  'POST /internal/contents:put_together': 'PUT /internal/contents/:key',
  'POST /internal/emails:accept_together': 'POST /internal/emails',
  'POST /internal/idempotency:reserve_together': 'POST /internal/idempotency:reserve',
};

/**
 * A tier that answers as the test says. It checks the service token of every call as a real one does,
 * and answers 500 to what no test has scripted.
 */
export class ScriptedTier {
  readonly asked: Asked[] = [];
  /** How many calls each request held that brought several. */
  readonly gathered: number[] = [];
  readonly #scripts = new Map<string, Script>();
  #server: Server | undefined;
  #port = 0;

  constructor(
    private readonly tier: Tier,
    private readonly publicKeys: PublicKeys,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** @param route such as `GET /internal/emails/:id` */
  on(route: string, script: Script | Behaviour): this {
    this.#scripts.set(route, typeof script === 'function' ? script : () => script);
    return this;
  }

  /** What was asked of a route, in order. */
  askedOf(route: string): Asked[] {
    return this.asked.filter((asked) => asked.route === route);
  }

  reset(): void {
    this.asked.length = 0;
    this.gathered.length = 0;
    this.#scripts.clear();
  }

  /** Starts listening, after {@link stop} on the same port. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await this.#read(request);
    if (!asked) return send(response, problem(401, 'invalid_service_token'));
    const single = SINGLE[asked.route];
    const behaviour = single ? await this.#answerAll(single, asked) : this.#behave(asked);
    if (behaviour === 'cut') request.socket.destroy();
    else if (behaviour !== 'hang') send(response, behaviour);
  }

  #behave(asked: Asked): Behaviour {
    this.asked.push(asked);
    const script = this.#scripts.get(asked.route);
    return script ? script(asked) : problem(500, 'not_scripted');
  }

  /** Calls that came together, each as if it had come by itself; one that hangs or cuts does it for all. */
  async #answerAll(single: string, { body }: Asked): Promise<Behaviour> {
    const { callers, items } = body as GatheredRequest;
    this.gathered.push(items.length);
    const known = await Promise.all(callers.map((token) => this.#verify(token)));
    const replies = items.map(({ caller, subject = '', body: own, request_id }) => {
      const path = single.split(' ')[1].replace(':key', subject);
      const route = this.#routeOf(single.replace(':key', subject));
      const headers = { 'x-request-id': request_id };
      const proven = known[caller];
      if (!proven) return problem(401, 'invalid_service_token');
      return this.#behave({ route, path, query: {}, headers, body: own, caller: proven });
    });
    const broken = replies.find((reply) => typeof reply === 'string');
    if (typeof broken === 'string') return broken;
    const answers = (replies as Reply[]).map(({ status, body: own = null, headers }) => {
      const after = headers?.['retry-after'];
      return { status, body: own, ...(after && { retry_after: Number(after) }) };
    });
    return { status: 200, body: { answers } };
  }

  async #read(request: IncomingMessage): Promise<Asked | undefined> {
    const bytes = await buffer(request);
    const { method, headers } = request;
    const { pathname: path, searchParams } = new URL(request.url ?? '/', this.url);
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    const caller = await this.#verify(token);
    if (!caller) return undefined;
    const body: unknown = bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined;
    const query = Object.fromEntries(searchParams);
    const route = this.#routeOf(`${method} ${path}`);
    return { route, path, query, headers, body, caller };
  }

  async #verify(token: string): Promise<Asked['caller'] | undefined> {
    const expected = { audience: this.tier, publicKeys: this.publicKeys };
    const verified = await verifyServiceToken(token, expected).catch(() => undefined);
    return verified?.caller;
  }

  /** The scripted route that a request is for, `not_scripted` otherwise with what was asked. */
  #routeOf(asked: string): string {
    const isFor = (route: string): boolean =>
      new RegExp(`^${route.replace(/\/:\w+/g, '/[^/:]+')}$`).test(asked);
    return [...this.#scripts.keys()].find(isFor) ?? asked;
  }
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body ? JSON.stringify(body) : '');
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(bytes);
}
