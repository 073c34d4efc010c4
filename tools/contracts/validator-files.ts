import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import type { ContractFolder, Schema } from './contract-folders.ts';
import { writerSchema } from './writer-schema.ts';

const HOUR = '(?:[01]\\d|2[0-3])';
const DATE = '\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';

/** Regular expressions end up in the generated code, so that it needs no library at run time. */
const formats: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  'date-time': new RegExp(
    `^${DATE}T${HOUR}:[0-5]\\d:(?:[0-5]\\d|60)(?:\\.\\d{1,9})?(?:Z|[+-]${HOUR}:[0-5]\\d)$`,
  ),
};

const ANNOTATIONS = new Set(['$schema', 'title', 'description']);

function ajvForCode(): Ajv2020 {
  const ajv = new Ajv2020({
    code: { source: true, esm: true, lines: true },
    messages: false,
    strict: true,
    allowUnionTypes: true,
    // Counts UTF-16 units instead of code points: all strings are ASCII by their patterns, and the
    // counting function would be an import. ajv logs the option as deprecated, hence no logger.
    unicode: false,
    logger: false,
  });
  ajv.addVocabulary(['x-extensible-enum']);
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format);
  return ajv;
}

/** Source of a module that exports `reads` and `writes`, the two checks of one contract. */
export function validatorFile(contract: ContractFolder): string {
  const ajv = ajvForCode();
  ajv.addSchema(withId(contract.schema, 'reads'));
  ajv.addSchema(withId(writerSchema(contract.schema), 'writes'));
  const code = standalone.default(ajv, { reads: 'reads', writes: 'writes' });
  if (code.includes('require(')) throw new Error(`${contract.name}: validator needs a library`);
  return [
    '// @ts-nocheck',
    "import type { CompiledCheck } from '../../contract-check.js';",
    code
      .replace('"use strict";', '')
      .replaceAll(/export const (reads|writes) =/g, 'export const $1: CompiledCheck ='),
  ].join('\n');
}

/** The schema under a short id and without what only people read. */
function withId(schema: Schema, id: string): Schema {
  return { ...(withoutAnnotations(schema) as Schema), $id: id };
}

/** A property that bears such a name is an object, not a text. */
function isAnnotation(name: string, value: unknown): boolean {
  return ANNOTATIONS.has(name) && typeof value === 'string';
}

function withoutAnnotations(node: unknown): unknown {
  if (Array.isArray(node) || typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(([name, value]) => !isAnnotation(name, value));
  return Object.fromEntries(entries.map(([name, value]) => [name, withoutAnnotations(value)]));
}
