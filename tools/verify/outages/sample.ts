import { randomUUID } from 'node:crypto';
import type { Schema } from './document.ts';

/** Values by name of the property, where the schema cannot tell: such as a mailbox that exists. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * A body that a route accepts: its required properties and those with an example, new at every call.
 *
 * @throws Error naming the property for which the schema leaves too much open
 */
export class Samples {
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #given: Given;

  constructor(schemas: Readonly<Record<string, Schema>>, given: Given) {
    this.#schemas = schemas;
    this.#given = given;
  }

  of(schema: Schema, name = 'body'): unknown {
    const { $ref, allOf } = schema;
    if ($ref !== undefined) return this.of(this.#schemas[$ref.split('/').at(-1) ?? ''] ?? {}, name);
    if (allOf?.[0]) return this.of(allOf[0], name);
    if (name in this.#given) return this.#given[name];
    if (schema.example !== undefined) return schema.example;
    if (schema.enum) return schema.enum[0];
    return this.#byType(schema, name);
  }

  #byType(schema: Schema, name: string): unknown {
    switch ([schema.type].flat()[0]) {
      case 'object':
        return this.#object(schema);
      case 'array':
        return schema.items ? [this.of(schema.items, name)] : [];
      case 'boolean':
        return true;
      case 'integer':
      case 'number':
        return 1;
      case 'string':
        return textOf(schema, name);
      default:
        throw new Error(`no sample for ${name}: its schema has no type`);
    }
  }

  #object({ properties = {}, required = [] }: Schema): object {
    const wanted = Object.entries(properties).filter(
      ([name, schema]) => required.includes(name) || schema.example !== undefined,
    );
    return Object.fromEntries(wanted.map(([name, schema]) => [name, this.of(schema, name)]));
  }
}

/** An address that nobody else writes to, also for the mail server. */
export const newAddress = (): string => `to+${randomUUID()}@receiver.test`;

function textOf({ format, pattern }: Schema, name: string): string {
  if (format === 'email') return newAddress();
  if (format === 'uuid') return randomUUID();
  if (format === 'date-time') return new Date(Date.now() + 3_600_000).toISOString();
  const text = `x-${randomUUID()}`;
  if (pattern === undefined || new RegExp(pattern).test(text)) return text;
  throw new Error(`no sample for ${name}: give its schema an example that matches ${pattern}`);
}
