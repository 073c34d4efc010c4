import { type Tier, tiers } from '../../stack/ports.ts';
import { type Api, expectStatus } from './api.ts';

/** What of a JSON schema the document uses for bodies and parameters. */
export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly example?: unknown;
  readonly schema: Schema;
}

/** One operation of the API's own document. */
export interface Route {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly key: 'tenant_key' | 'platform_key' | undefined;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  /** A tier, or a path parameter in braces that names one. */
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

interface Operation {
  readonly operationId: string;
  readonly security: readonly Record<string, unknown>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
  readonly 'x-tiers'?: {
    readonly required: readonly string[];
    readonly optional: readonly string[];
  };
}

export interface ApiDocument {
  readonly routes: readonly Route[];
  readonly schemas: Readonly<Record<string, Schema>>;
}

/** Reads `/v1/openapi.json`. @throws Error naming a route that does not say which tiers it asks */
export async function readDocument(api: Api): Promise<ApiDocument> {
  const body = await expectStatus(200, api.get('/v1/openapi.json'));
  const { paths, components } = body as unknown as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema> };
  };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => routeOf(method, path, operation)),
  );
  return { routes, schemas: components.schemas };
}

function routeOf(method: string, path: string, operation: Operation): Route {
  const { operationId: id, security, parameters = [], requestBody } = operation;
  const declared = operation['x-tiers'];
  if (!declared) throw new Error(`${id} does not declare its tiers`);
  return {
    id,
    method: method.toUpperCase(),
    path,
    key: Object.keys(security[0] ?? {})[0] as Route['key'],
    parameters,
    body: requestBody?.content['application/json']?.schema,
    ...declared,
  };
}

/** The tiers that a route's declaration names, once its path is filled in with these. */
export function tiersOf(
  declared: readonly string[],
  filled: Readonly<Record<string, string>>,
): Tier[] {
  const names = declared.map((name) => filled[name.replace(/^{(\w+)}$/, '$1')] ?? name);
  const unknown = names.find((name) => !tiers.some((tier) => tier === name));
  if (unknown !== undefined) throw new Error(`${unknown} is no tier`);
  return names as Tier[];
}
