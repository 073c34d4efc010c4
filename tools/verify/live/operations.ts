import { call } from './api.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
}

interface OperationObject {
  readonly operationId: string;
  readonly security?: readonly Record<string, unknown>[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema?: Schema }>> };
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** One route as the API's own document describes it. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With its parameters in braces, such as `/v1/emails/{id}`. */
  readonly path: string;
  readonly parameters: readonly string[];
  readonly query: readonly string[];
  /** Whose keys open it; none: everybody. */
  readonly keys: readonly string[];
  /** A body that is well-formed for it; undefined where it takes none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Every operation of the document. */
export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      parameters: [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name ?? ''),
      query: (operation.parameters ?? []).filter((p) => p.in === 'query').map(({ name }) => name),
      keys: (operation.security ?? []).flatMap((entry) => Object.keys(entry)),
      body: bodyOf(document, operation),
    })),
  );
}

export async function readOperations(gateway: string): Promise<Operation[]> {
  const { body } = await call(`${gateway}/v1/openapi.json`);
  return operationsOf(body as unknown as OpenApi);
}

/** The path with values in the place of its parameters. */
export const fill = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replaceAll(/{(\w+)}/g, (_braces, name: string) => encodeURIComponent(values[name] ?? ''));

function bodyOf(document: OpenApi, { requestBody }: OperationObject): Operation['body'] {
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  return schema && (valueOf(document, schema) as Record<string, unknown>);
}

const PLAIN: Readonly<Record<string, unknown>> = {
  string: 'text',
  integer: 1,
  number: 1,
  boolean: true,
  array: [],
};

/** Something of the schema's shape, required fields only. */
function valueOf(document: OpenApi, given: Schema): unknown {
  const name = given.$ref?.split('/').at(-1);
  const schema = name === undefined ? given : document.components?.schemas?.[name];
  if (!schema) throw new Error(`the document lacks the schema ${given.$ref}`);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum[0];
  if (!schema.properties) return PLAIN[schema.type ?? ''] ?? {};
  const required = Object.entries(schema.properties).filter(([field]) =>
    schema.required?.includes(field),
  );
  return Object.fromEntries(required.map(([field, of]) => [field, valueOf(document, of)]));
}
