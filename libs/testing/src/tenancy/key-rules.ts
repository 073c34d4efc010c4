import { type CatalogRule, rule } from './catalog-rule.js';

/** Columns, keys and indexes. */
export const keyRules: readonly CatalogRule[] = [
  rule(
    'tenant_id is a uuid, NOT NULL, and defaults to the tenant of the transaction',
    `SELECT t.name AS finding FROM tenant_tables t
     WHERE NOT EXISTS (
       SELECT FROM pg_attribute a
       WHERE a.attrelid = t.oid AND a.attname = t.tenant_column AND a.attnotnull
         AND a.atttypid = 'uuid'::regtype
         AND (t.tenant_column = 'id' OR EXISTS (
           SELECT FROM pg_attrdef d WHERE d.adrelid = t.oid AND d.adnum = a.attnum
             AND pg_get_expr(d.adbin, d.adrelid)
               = '(current_setting(''app.current_tenant_id''::text))::uuid'))
     )`,
  ),
  rule(
    'each table has a primary key',
    `SELECT name AS finding FROM tables t
     WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)`,
  ),
  rule(
    'PRIMARY KEY and UNIQUE start with the tenant',
    `SELECT t.name || '.' || c.relname AS finding
     FROM tenant_tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
     JOIN pg_class c ON c.oid = i.indexrelid
     LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0], parameters
     WHERE a.attname IS DISTINCT FROM t.tenant_column
       AND NOT t.name || '.' || c.relname = ANY (exceptions)`,
  ),
  rule(
    'FOREIGN KEY starts with the tenant on both sides, unless it points at platform data',
    `SELECT t.name || '.' || k.conname AS finding
     FROM tenant_tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
     JOIN tables f ON f.oid = k.confrelid
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
     JOIN pg_attribute b ON b.attrelid = f.oid AND b.attnum = k.confkey[1], parameters
     WHERE NOT f.platform AND NOT (a.attname = t.tenant_column AND b.attname = f.tenant_column)
       AND NOT t.name || '.' || k.conname = ANY (exceptions)`,
  ),
  rule(
    'no column is of an enum type',
    `SELECT t.name || '.' || a.attname AS finding
     FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped
     JOIN pg_type y ON y.oid = a.atttypid AND y.typtype = 'e'`,
  ),
  rule(
    'indexes of tables of tenants use leakproof operators on plain columns',
    `SELECT t.name || '.' || c.relname AS finding
     FROM tenant_tables t JOIN pg_index i ON i.indrelid = t.oid
     JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indexprs IS NOT NULL OR EXISTS (
       SELECT FROM unnest(i.indclass) AS class JOIN pg_opclass o ON o.oid = class
       JOIN pg_amop m ON m.amopfamily = o.opcfamily
         AND m.amoplefttype = o.opcintype AND m.amoprighttype = o.opcintype
       JOIN pg_operator p ON p.oid = m.amopopr JOIN pg_proc f ON f.oid = p.oprcode
       WHERE NOT f.proleakproof
     )`,
  ),
];
