import { anonymous } from './api.js';

/** One route as the API's own document describes it. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With its parameters in braces, such as `/v1/emails/{id}`. */
  readonly path: string;
  readonly parameters: readonly string[];
  /** Whose key it wants; undefined for a route that is open to everybody. */
  readonly key: 'tenant_key' | 'platform_key' | undefined;
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { operationId: string; security: Record<string, unknown>[] }>>
    >
  >;
}

/** Every operation of `/v1/openapi.json`. */
export async function readOperations(): Promise<Operation[]> {
  const { body } = await anonymous.get<Document & Record<string, unknown>>('/v1/openapi.json');
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, security }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path,
      parameters: [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name),
      key: Object.keys(security[0] ?? {})[0] as Operation['key'],
    })),
  );
}

/** The path with ids in the place of its parameters. */
export function fill(path: string, ids: Readonly<Record<string, string>>): string {
  return path.replaceAll(/{(\w+)}/g, (_braces, name: string) => ids[name]);
}
