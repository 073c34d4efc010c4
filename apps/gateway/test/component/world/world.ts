import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { expect } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Tier, tiers } from '@penguinmails/contracts';
import { createLogger } from '@penguinmails/observability';
import { measured } from '@penguinmails/testing';
import { createGatewayApplication } from '../../../src/gateway.application.js';
import { readGatewayConfig } from '../../../src/gateway.config.js';
import { Contract, type OpenApi } from './contract.js';
import { beUnhurried } from './patience.js';
import { identity, NIL, TENANT } from './recorded.js';
import { problem, ScriptedTier } from './scripted-tier.js';

const short = (id: string): string =>
  Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
const secret = (): string => randomBytes(32).toString('base64url');

/** A key that no gateway has seen. */
export const newKey = (mode = 'live', tenant = TENANT): string =>
  `pm_${mode}_${short(tenant)}_${secret()}`;
export const newPlatformKey = (): string => `pm_platform_${secret()}`;

export interface Ask {
  /** null: none. Default: a key of {@link World.key}. */
  readonly key?: string | null;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, else text. */
  readonly body: Record<string, unknown>;
  readonly text: string;
  /** Until its last byte, in milliseconds, without what the machine kept this process from running. */
  readonly activeMs: number;
}

/** A gateway that listens, between a test and five scripted tiers. */
export class World {
  readonly tiers: Readonly<Record<Tier, ScriptedTier>>;
  readonly logs: string[] = [];
  /** A live key of {@link TENANT} that oltp knows. */
  readonly key = newKey();
  readonly platformKey = newPlatformKey();
  app: NestFastifyApplication;
  url: string;
  document: OpenApi;
  #contract: Contract;

  private constructor(
    private readonly privateKey: string,
    publicKey: string,
  ) {
    const scripted = (tier: Tier) => new ScriptedTier(tier, { gateway: publicKey });
    this.tiers = Object.fromEntries(tiers.map((tier) => [tier, scripted(tier)])) as World['tiers'];
  }

  /** @param options.unhurried the tiers have all the time that they want, unless the test is about that */
  static async start({ unhurried = false } = {}): Promise<World> {
    if (unhurried) beUnhurried();
    const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { format: 'der', type: 'spki' },
      privateKeyEncoding: { format: 'der', type: 'pkcs8' },
    });
    const world = new World(privateKey.toString('base64'), publicKey.toString('base64'));
    for (const tier of tiers) await world.tiers[tier].start();
    await world.#boot();
    world.reset();
    return world;
  }

  async #boot(): Promise<void> {
    const destination = new Writable({
      write: (chunk, _encoding, done) => {
        this.logs.push(String(chunk));
        done();
      },
    });
    const logger = createLogger('gateway', { level: 'debug', destination });
    this.app = await createGatewayApplication(readGatewayConfig(this.#environment()), logger);
    await this.app.listen(0, '127.0.0.1');
    this.url = await this.app.getUrl();
    this.document = (await (await fetch(`${this.url}/v1/openapi.json`)).json()) as OpenApi;
    this.#contract = new Contract(this.document);
  }

  #environment(): Record<string, string> {
    const urls = tiers.map((tier) => [`${tier.toUpperCase()}_URL`, this.tiers[tier].url]);
    return {
      ...Object.fromEntries(urls),
      GATEWAY_PORT: '0',
      SERVICE_TOKEN_PRIVATE_KEY_SECRET: this.privateKey,
      CURSOR_SECRET: 'a secret for cursors',
      PUBLIC_URL: 'https://api.example.com',
    };
  }

  /** Forgets what the tiers were asked and told; oltp knows the two keys. */
  reset(): void {
    for (const tier of tiers) this.tiers[tier].reset();
    this.knowKeys();
  }

  /** oltp knows every platform key and every key of {@link TENANT}. @param change of the identity */
  knowKeys(change: object = {}): void {
    this.tiers.oltp.on('POST /internal/keys:resolve', ({ body }) => {
      const { tenant_id: tenant } = body as { tenant_id: string };
      if (tenant === NIL)
        return { status: 200, body: identity({ kind: 'platform', tenant_id: NIL, user_id: null }) };
      if (tenant === TENANT) return { status: 200, body: identity(change) };
      return problem(404, 'key_unknown');
    });
  }

  async stop(): Promise<void> {
    await this.app.close();
    for (const tier of tiers) await this.tiers[tier].stop();
  }

  /**
   * One public request. Whatever the answer: it matches the OpenAPI document, it is a problem document
   * when it refuses, and it holds no storage key.
   */
  async call(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const { result, activeMs } = await measured(async () => {
      const response = await fetch(`${this.url}${path}`, { method, ...this.#init(ask) });
      return { response, text: await response.text() };
    });
    const { text, response } = result;
    const { status, headers } = response;
    const type = headers.get('content-type');
    const body = /json/.test(String(type)) && text ? JSON.parse(text) : {};
    const answer = { status, headers, text, body: body as Record<string, unknown>, activeMs };
    this.#assertSound(answer);
    this.#contract.check(method, path.split('?')[0], status, type, body);
    return answer;
  }

  #init({ key = this.key, body, raw, headers }: Ask): RequestInit {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return {
      body: payload,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      signal: AbortSignal.timeout(45_000),
    };
  }

  #assertSound({ status, headers, text, body }: Answer): void {
    expect(text).not.toContain('cnt_');
    expect(JSON.stringify([...headers])).not.toContain('cnt_');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d{7,}/);
    if (status < 400) return;
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({ status, request_id: headers.get('x-request-id') });
    expect(body.type).toBe(`urn:penguinmails:problem:${String(body.code)}`);
  }
}

/** `[status, code]` of a refusal. */
export const refused = ({ status, body }: Answer): [number, unknown] => [status, body.code];

/** `pointer code` of each error of a refusal. */
export const errorsOf = ({ body }: Answer): string[] =>
  ((body.errors ?? []) as { pointer?: string; parameter?: string; code: string }[]).map(
    ({ pointer, parameter, code }) => `${pointer ?? parameter} ${code}`,
  );
