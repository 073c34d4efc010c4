import { globSync, readFileSync } from 'node:fs';

const schemas = new URL('../../schemas/', import.meta.url);
const SECURED = /secure_tenant_table\(\s*'(\w+)'(?:[^;]*?,\s*'(\w+)'\s*\)\s*;)?/g;

/**
 * Tables with rows of tenants, by name, with the column that holds the tenant: as the generated
 * schemas secure them, so that a new table is known without an edit here.
 */
export function readTenantTables(folder = schemas) {
  const tables = new Map();
  for (const file of globSync('*/schema.sql', { cwd: folder })) {
    for (const [, name, column] of readFileSync(new URL(file, folder), 'utf8').matchAll(SECURED))
      tables.set(name, column === 'id' ? 'id' : 'tenant_id');
  }
  if (tables.size === 0) throw new Error('the schemas secure no table of tenants');
  return tables;
}

/** The text of a string or template; `${name}` of a constant of the same file is filled in. */
export function textOf(node, constants) {
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node?.type !== 'TemplateLiteral') return undefined;
  return node.quasis
    .map(({ value }, index) => value.cooked + filledIn(node.expressions[index], constants))
    .join('');
}

function filledIn(expression, constants) {
  if (expression === undefined) return '';
  const known = expression.type === 'Identifier' && constants.get(expression.name);
  return (known && textOf(known, constants)) || ' ? ';
}

/** Initialisers of the constants at the top of a file, by name. */
export function constantsOf({ body }) {
  const declarations = body
    .map((statement) => statement.declaration ?? statement)
    .filter(({ type, kind }) => type === 'VariableDeclaration' && kind === 'const');
  return new Map(
    declarations.flatMap(({ declarations: all }) => all.map(({ id, init }) => [id.name, init])),
  );
}
