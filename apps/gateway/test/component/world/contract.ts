import { expect } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface Media {
  readonly schema: object;
}
interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Media>> }>
  >;
}
export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Every key of an answer must be documented: objects are closed for the test. */
function closed(schema: object): object {
  const { properties } = schema as { properties?: object };
  const isBase = properties === undefined || 'additionalProperties' in schema;
  return isBase ? schema : { ...schema, additionalProperties: false };
}

/** Checks answers against the OpenAPI document that the gateway itself serves. */
export class Contract {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #checks = new Map<string, ValidateFunction>();

  constructor(private readonly document: OpenApi) {
    addFormats.default(this.#ajv);
    const schemas = Object.entries(document.components.schemas);
    const components = { schemas: Object.fromEntries(schemas.map(([n, s]) => [n, closed(s)])) };
    this.#ajv.addSchema({ $id: 'api:', components });
  }

  /** Fails unless the answer is one that the route's documentation has. */
  check(method: string, path: string, status: number, type: string | null, body: unknown): void {
    const operation = this.#operationOf(method, path);
    if (!operation) return;
    const response = operation.responses[String(status)];
    expect([operation.operationId, status, response !== undefined]).toEqual([
      operation.operationId,
      status,
      true,
    ]);
    const media = response.content?.[String(type).split(';')[0]];
    if (!media) return;
    const check = this.#checkOf(`${operation.operationId} ${status}`, media.schema);
    expect({ valid: check(body), errors: check.errors }).toEqual({ valid: true, errors: null });
  }

  #operationOf(method: string, path: string): Operation | undefined {
    const templates = Object.keys(this.document.paths);
    const exact = templates.find((template) => template === path);
    const template = exact ?? templates.find((candidate) => matches(candidate, path));
    return template ? this.document.paths[template][method.toLowerCase()] : undefined;
  }

  #checkOf(name: string, schema: object): ValidateFunction {
    const known = this.#checks.get(name);
    if (known) return known;
    const text = JSON.stringify(schema).replaceAll('"#/', '"api:#/');
    const check = this.#ajv.compile(JSON.parse(text) as object);
    this.#checks.set(name, check);
    return check;
  }
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
}
