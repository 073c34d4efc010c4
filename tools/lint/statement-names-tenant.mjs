import { constantsOf, readTenantTables, textOf } from './sql-texts.mjs';

const STATEMENT = /^\s*(WITH|SELECT|INSERT|UPDATE|DELETE|MERGE)\b/;
const REFERENCE = /\b(INTO|FROM|JOIN|UPDATE|USING)\s+(\w+)(?:\s+AS\s+\w+)?(\s*\([^)]*\))?/g;
const BY_TENANT = /\btenant_id\s*=|=\s*(?:\w+\.)?tenant_id\b|\bUSING\s*\(\s*tenant_id\b/g;
const BY_ID = /\bid\s*=\s*\$\d/g;

const TYPEORM_ROWS =
  /^(find|count|exist|update|delete|remove|sum|average|minimum|maximum|increment|decrement|softDelete|restore|upsert)/;
const TYPEORM_FREE = new Set(['createQueryBuilder', 'query', 'getRepository']);

const count = (text, pattern) => [...text.matchAll(pattern)].length;

/** What of a statement names no tenant: `undefined` when all of it does. */
function unfiltered(text, tables) {
  const found = [...text.matchAll(REFERENCE)].filter(([, , name]) => tables.has(name));
  const filled = found.filter(([, verb]) => verb === 'INTO');
  const unnamed = filled.find(([, , name, columns = '']) => !columns.match(columnOf(tables, name)));
  if (unnamed) return unnamed[2];
  const read = found.filter(([, verb]) => verb !== 'INTO');
  const own = read.some(([, , name]) => tables.get(name) === 'id');
  const filters = count(text, BY_TENANT) + (own ? count(text, BY_ID) : 0);
  return filters < read.length ? read[0][2] : undefined;
}

const columnOf = (tables, name) => new RegExp(`\\b${tables.get(name)}\\b`);

/** Of a statement over all tenants: those rows that it changes are still found by their pairs. */
function unpaired(text, tables) {
  const found = [...text.matchAll(REFERENCE)].filter(([, , name]) => tables.has(name));
  return found.length > 0 && !text.includes('tenant_id') ? found[0][2] : undefined;
}

/**
 * The second lock beside row level security: a statement of a repository that names a table of
 * tenants filters each of them by `tenant_id`. In `*.system.repository.ts` it names the tenant at
 * least; what is meant for whole tables is listed by the name of its constant.
 */
export const statementNamesTenant = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object', properties: { overAllTenants: { type: 'array' } } }],
    messages: {
      statement: 'The statement reaches {{table}} without a tenant_id.',
      entity: '{{method}} of an entity manager needs a tenantId.',
    },
  },
  create(context) {
    const { filename, sourceCode, options } = context;
    const allowed = new Set(options[0]?.overAllTenants ?? []);
    const missing = filename.endsWith('.system.repository.ts') ? unpaired : unfiltered;
    const tables = readTenantTables();
    const constants = constantsOf(sourceCode.ast);
    const check = (node) => {
      const text = textOf(node, constants);
      if (text === undefined || !STATEMENT.test(text) || allowed.has(node.parent.id?.name)) return;
      const table = missing(text, tables);
      if (table) context.report({ node, messageId: 'statement', data: { table } });
    };
    return {
      Literal: check,
      TemplateLiteral: check,
      CallExpression(node) {
        const { object, property } = node.callee;
        if (object?.property?.name !== 'entities') return;
        const free = TYPEORM_FREE.has(property.name);
        const rows = TYPEORM_ROWS.test(property.name);
        const named = node.arguments.some((given) =>
          /\btenantId\b/.test(sourceCode.getText(given)),
        );
        if (free || (rows && !named))
          context.report({ node, messageId: 'entity', data: { method: property.name } });
      },
    };
  },
};
