import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Tier } from '@penguinmails/contracts';
import { verifyServiceToken } from '@penguinmails/http';
import { testKeys } from '@penguinmails/testing';

/** One request that a tier has got. */
export interface Call {
  readonly path: string;
  readonly body: unknown;
}

/** Answers one route; what it returns is the body of a 200. */
export type Route = (body: never) => unknown;

/** Thrown by a route: a problem document instead of the answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

/** A tier that answers by script, over real HTTP, and only to the worker's own service token. */
export class TierServer {
  readonly calls: Call[] = [];
  private server: Server | undefined;
  private port = 0;
  private held: PromiseWithResolvers<void> | undefined;

  constructor(
    private readonly tier: Tier,
    private readonly routes: Readonly<Record<string, Route>>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Bodies of the calls of one route, oldest first. */
  bodiesOf<T>(path: string): T[] {
    return this.calls.filter((call) => call.path === path).map(({ body }) => body as T);
  }

  /** Listens; after `down` on the same port as before. */
  async up(): Promise<void> {
    this.server = createServer((request, response) => void this.serve(request, response));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Refuses connections and cuts those that are open. */
  async down(): Promise<void> {
    const { server } = this;
    if (!server?.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  /** From now on answers wait, until the returned function is called. */
  hold(): () => void {
    this.held = Promise.withResolvers();
    return this.held.resolve;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    try {
      const body = await json(request);
      await this.authenticate(request);
      this.calls.push({ path, body });
      await this.held?.promise;
      send(response, 200, await this.answer(path, body));
    } catch (error) {
      const { status = 500, code = 'internal_error' } = error as Partial<Refusal>;
      send(response, status, { status, code, title: code });
    }
  }

  private async authenticate({ headers }: IncomingMessage): Promise<void> {
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    const { publicKeys } = testKeys();
    const { caller } = await verifyServiceToken(token, { publicKeys, audience: this.tier });
    if (caller.service !== 'worker') throw new Refusal(403, 'forbidden');
  }

  private answer(path: string, body: unknown): unknown {
    const route = this.routes[path];
    if (!route) throw new Refusal(404, 'route_not_found');
    return route(body as never);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}
