import { expect, test } from '@jest/globals';
import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
// @ts-expect-error the rules are plain modules, read by ESLint itself
import house from './index.mjs';
// @ts-expect-error a plain module as well
import { readTenantTables } from './sql-texts.mjs';

const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } });

tester.run('route-declares-access', house.rules['route-declares-access'], {
  valid: [
    "class A { @Get('x') @TenantRoute('emails:read') list() {} }",
    'class A { @Post() @PublicRoute() login() {} }',
    'class A { @OnModuleInit() start() {} }',
  ],
  invalid: [
    { code: "class A { @Post('x') create() {} }", errors: [{ messageId: 'missing' }] },
    { code: 'class A { @Get @Other() list() {} }', errors: [{ messageId: 'missing' }] },
    {
      code: "class A { @Get() @PublicRoute() @TenantRoute('a') list() {} }",
      errors: [{ messageId: 'several' }],
    },
  ],
});

tester.run('no-raw-data-source', house.rules['no-raw-data-source'], {
  valid: ["import { Column } from 'typeorm';", "import { Pool } from 'generic-pool';"],
  invalid: [
    { code: "import { DataSource } from 'typeorm';", errors: [{ messageId: 'raw' }] },
    { code: "import pg from 'pg';", errors: [{ messageId: 'raw' }] },
    { code: "import { InjectRepository } from '@nestjs/typeorm';", errors: [{ messageId: 'raw' }] },
  ],
});

tester.run('no-process-env', house.rules['no-process-env'], {
  valid: ['const a = config.env;', "import { cwd } from 'node:process';"],
  invalid: [
    { code: 'const a = process.env.HOME;', errors: [{ messageId: 'env' }] },
    { code: "const a = process['env'];", errors: [{ messageId: 'env' }] },
    { code: "import { env } from 'node:process';", errors: [{ messageId: 'env' }] },
  ],
});

tester.run('repository-takes-transaction', house.rules['repository-takes-transaction'], {
  valid: [
    {
      code: 'class A { find(tx: TenantTransaction, id: string) {} private map(row: Row) {} }',
      filename: 'email.repository.ts',
    },
    { code: 'class A { take(tx: SystemTransaction) {} }', filename: 'job.system.repository.ts' },
    { code: 'class A { store(tx: TenantRows) {} }', filename: 'email.repository.ts' },
  ],
  invalid: [
    {
      code: 'class A { take(tx: TenantRows) {} }',
      filename: 'job.system.repository.ts',
      errors: [{ messageId: 'first' }],
    },
    {
      code: 'class A { find(id: string) {} }',
      filename: 'email.repository.ts',
      errors: [{ messageId: 'first' }],
    },
    {
      code: 'class A { take(tx: TenantTransaction) {} }',
      filename: 'job.system.repository.ts',
      errors: [{ messageId: 'first' }],
    },
    {
      code: 'class A { all() {} }',
      filename: 'email.repository.ts',
      errors: [{ messageId: 'first' }],
    },
  ],
});

const tenantFile = (code: string) => ({ code, filename: 'email.repository.ts' });
const systemFile = (code: string) => ({ code, filename: 'job.system.repository.ts' });
const noTenant = { errors: [{ messageId: 'statement' }] };
const noEntity = { errors: [{ messageId: 'entity' }] };

tester.run('statement-names-tenant', house.rules['statement-names-tenant'], {
  valid: [
    tenantFile("tx.query('SELECT id FROM emails WHERE tenant_id = $1')"),
    tenantFile("const C = 'id'; tx.query(`SELECT ${C} FROM emails WHERE tenant_id = $1`)"),
    tenantFile("tx.query('INSERT INTO emails (tenant_id, id) VALUES ($1, $2)')"),
    tenantFile("tx.query('SELECT 1 FROM tenants WHERE id = $1 FOR UPDATE')"),
    tenantFile(
      'tx.query(`SELECT 1 FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.tenant_id = $1`)',
    ),
    tenantFile("tx.query('SELECT price FROM plans WHERE code = $1')"),
    tenantFile('tx.entities.findBy(A, { tenantId: tx.tenantId, id })'),
    systemFile("tx.query('DELETE FROM job_queue j USING x WHERE j.tenant_id = x.tenant_id')"),
    {
      ...systemFile("const ALL = 'SELECT FROM job_queue'"),
      options: [{ overAllTenants: ['ALL'] }],
    },
  ],
  invalid: [
    { ...tenantFile("tx.query('SELECT id FROM emails WHERE id = $1')"), ...noTenant },
    {
      ...tenantFile("const F = 'emails'; tx.query(`SELECT 1 FROM ${F} WHERE id = $1`)"),
      ...noTenant,
    },
    { ...tenantFile("tx.query('INSERT INTO emails (id) VALUES ($1)')"), ...noTenant },
    { ...tenantFile("tx.query('UPDATE emails SET status = $1 WHERE id = $2')"), ...noTenant },
    {
      ...tenantFile(
        "tx.query('SELECT 1 FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id WHERE e.tenant_id = $1')",
      ),
      ...noTenant,
    },
    { ...tenantFile("tx.query('DELETE FROM tenants')"), ...noTenant },
    { ...tenantFile('tx.entities.findBy(A, { id })'), ...noEntity },
    { ...tenantFile("tx.entities.createQueryBuilder(A, 'a')"), ...noEntity },
    { ...systemFile("tx.query('UPDATE job_queue SET status = $1 WHERE id = $2')"), ...noTenant },
  ],
});

test('every table that a schema secures is known to the rule, tenants by its id', () => {
  const tables = readTenantTables();
  expect(tables.get('emails')).toBe('tenant_id');
  expect(tables.get('job_queue')).toBe('tenant_id');
  expect(tables.get('tenants')).toBe('id');
  expect(tables.size).toBeGreaterThan(40);
});

const kept = { errors: [{ messageId: 'kept' }] };

tester.run('no-session-state', house.rules['no-session-state'], {
  valid: [
    "tx.query('SET LOCAL statement_timeout = 5')",
    'q("SELECT set_config(\'app.current_tenant_id\', $1, true)")',
    "say('listen on port 1')",
    "const text = 'NOTIFY';",
  ],
  invalid: [
    { code: "q('DECLARE c CURSOR WITH HOLD FOR SELECT 1')", ...kept },
    { code: "q('CREATE TEMP TABLE t (n int)')", ...kept },
    { code: 'q(`CREATE TEMPORARY VIEW v AS SELECT 1`)', ...kept },
    { code: "q('LISTEN wake_up')", ...kept },
    { code: "q('listen wake_up')", ...kept },
    { code: "q('SELECT pg_notify($1, $2)')", ...kept },
    { code: "q('SET app.current_tenant_id = 1')", ...kept },
    { code: 'q("SELECT set_config(\'app.current_tenant_id\', $1, false)")', ...kept },
  ],
});
