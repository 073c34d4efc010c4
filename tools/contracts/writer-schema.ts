import type { Schema } from './contract-folders.ts';

/**
 * The writer's view of a schema. The file itself stays open, because readers ignore unknown fields
 * and unknown enumeration values; for a writer every object is closed to its declared properties
 * and every extensible enumeration to its known values.
 */
export function writerSchema(schema: Schema): Schema {
  return rewrite(schema) as Schema;
}

function rewrite(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(rewrite);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([name, value]) => [name, rewrite(value)]);
  return close(Object.fromEntries(entries));
}

function close(node: Record<string, unknown>): Schema {
  const { 'x-extensible-enum': known, ...rest } = node;
  if (Array.isArray(known)) return { ...rest, enum: known };
  if (rest.type === 'object') return { ...rest, additionalProperties: false };
  return node;
}
