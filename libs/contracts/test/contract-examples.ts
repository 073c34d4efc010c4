import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventData, EventType } from '../src/event-types.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON Schema object. */
export interface Schema extends JsonObject {
  readonly type?: string | readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly format?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
}

export interface EventFolder {
  readonly folder: string;
  readonly type: EventType;
  readonly schema: Schema;
  readonly meta: JsonObject;
  readonly examples: readonly { readonly name: string; readonly data: EventData }[];
}

export const EVENTS = join(import.meta.dirname, '../events');

/** Every folder of events/, read from disk and not from anything generated. */
export function contractFolders(): EventFolder[] {
  return readdirSync(EVENTS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      folder: name,
      type: `penguinmails.${name}` as EventType,
      schema: readJson(join(EVENTS, name, 'schema.json')),
      meta: readJson(join(EVENTS, name, 'meta.json')),
      examples: readExamples(join(EVENTS, name, 'examples')),
    }));
}

function readExamples(folder: string): EventFolder['examples'] {
  return readdirSync(folder).map((file) => ({ name: file, data: readJson(join(folder, file)) }));
}

export function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Variants of valid data that break one rule each: a required field gone, a value of a wrong type. */
export function mutants(schema: Schema, data: JsonObject): { what: string; data: JsonObject }[] {
  const missing = (schema.required ?? []).map((name) => ({
    what: `${name} missing`,
    data: without(data, name),
  }));
  const wrong = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    replacements(property, data[name]).map((value) => ({
      what: `${name} = ${JSON.stringify(value)}`,
      data: { ...data, [name]: value },
    })),
  );
  return [...missing, ...wrong];
}

/** Values of every JSON type that the property does not allow, and lists with one broken element. */
function replacements(property: Schema, value: unknown): unknown[] {
  const types = [property.type].flat();
  const samples: [string, unknown][] = [
    ['string', 'a b'],
    ['number', 1.5],
    ['boolean', true],
    ['null', null],
    ['object', { a: 1 }],
    ['array', [[]]],
  ];
  // No string property takes a text with a space, so that sample is wrong everywhere.
  const wrong = samples.filter(([type]) => type === 'string' || !types.includes(type));
  const elements = Array.isArray(value) && value.length > 0 ? brokenElements(property, value) : [];
  return [...wrong.map(([, sample]) => sample), ...elements];
}

function brokenElements(property: Schema, value: readonly unknown[]): unknown[] {
  const element = property.items ?? {};
  const broken = element.properties
    ? mutants(element, value[0] as JsonObject).map((mutant) => mutant.data)
    : replacements(element, value[0]);
  return broken.map((one) => [one, ...value.slice(1)]);
}

function without(data: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(data).filter(([field]) => field !== name));
}
