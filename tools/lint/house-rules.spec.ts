import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
// @ts-expect-error the rules are plain modules, read by ESLint itself
import house from './index.mjs';

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
  ],
  invalid: [
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
