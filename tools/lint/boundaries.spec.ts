import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';

const BOUNDARY = '@nx/enforce-module-boundaries';
const IMPORTS = 'no-restricted-imports';
const TWIN = '@typescript-eslint/no-restricted-imports';

/** [what is planted, file, code, rule that must refuse it; null = must pass] */
const cases: [string, string, string, string | null][] = [
  ['kafkajs in a service', 'apps/oltp/src/p.ts', "import 'kafkajs';", BOUNDARY],
  ['nodemailer in a service', 'apps/queue/src/p.ts', "import 'nodemailer';", BOUNDARY],
  ['another service', 'apps/oltp/src/p.ts', "import '@penguinmails/content';", BOUNDARY],
  ['the kafka lib in a service', 'apps/olap/src/p.ts', "import '@penguinmails/kafka';", BOUNDARY],
  [
    'the database in the gateway',
    'apps/gateway/src/p.ts',
    "import '@penguinmails/database';",
    BOUNDARY,
  ],
  ['the outbox in the worker', 'apps/worker/src/p.ts', "import '@penguinmails/outbox';", BOUNDARY],
  ['kafka in the worker', 'apps/worker/src/p.ts', "import '@penguinmails/kafka';", BOUNDARY],
  ['pg in the gateway', 'apps/gateway/src/p.repository.ts', "import 'pg';", BOUNDARY],
  ['typeorm in the worker', 'apps/worker/src/p.repository.ts', "import 'typeorm';", BOUNDARY],
  ['nodemailer in the gateway', 'apps/gateway/src/p.ts', "import 'nodemailer';", BOUNDARY],
  ['Nest in contracts', 'libs/contracts/src/p.ts', "import '@nestjs/common';", BOUNDARY],
  ['a lib in contracts', 'libs/contracts/src/p.ts', "import '@penguinmails/config';", BOUNDARY],
  ['pg in config', 'libs/config/src/p.ts', "import 'pg';", BOUNDARY],
  ['kafkajs in the database lib', 'libs/database/src/p.ts', "import 'kafkajs';", BOUNDARY],
  ['pg in the kafka lib', 'libs/kafka/src/p.ts', "import 'pg';", BOUNDARY],
  ['typeorm in the http lib', 'libs/http/src/p.ts', "import 'typeorm';", BOUNDARY],
  ['test code in production', 'apps/oltp/src/p.ts', "import '@penguinmails/testing';", BOUNDARY],
  ['test code in a test', 'apps/oltp/test/p.ts', "import '@penguinmails/testing';", null],
  ['the outbox in a service', 'apps/oltp/src/p.ts', "import '@penguinmails/outbox';", null],
  ['pg outside a repository', 'apps/oltp/src/p.ts', "import 'pg';", IMPORTS],
  [
    'a repository in a controller',
    'apps/oltp/src/p.controller.ts',
    "import './p.repository.js';",
    IMPORTS,
  ],
  ['an HTTP client in a service', 'apps/olap/src/p.ts', "import 'node:https';", TWIN],
  [
    'the tier client in a service',
    'apps/oltp/src/p.ts',
    "import '@penguinmails/http/tier-client';",
    TWIN,
  ],
  ['fetch in a service', 'apps/oltp/src/p.ts', "await fetch('x');", 'no-restricted-globals'],
  [
    'a consumer in the gateway',
    'apps/gateway/src/p.ts',
    "import '@penguinmails/kafka/consumer';",
    TWIN,
  ],
  ['console', 'apps/oltp/src/p.ts', 'console.log(1);', 'no-console'],
  ['the environment', 'apps/oltp/src/p.ts', 'export default process.env;', 'house/no-process-env'],
  ['the environment in a config', 'apps/oltp/src/p.config.ts', 'export default process.env;', null],
];

describe('planted violations of the boundary table', () => {
  let found: string[][];

  beforeAll(() => {
    const input = JSON.stringify(cases.map(([, filePath, code]) => ({ code, filePath })));
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stdout, stderr } = spawnSync(process.execPath, ['tools/lint/plant.mjs'], {
      input,
      env,
    });
    if (stdout.length === 0) throw new Error(String(stderr));
    found = JSON.parse(String(stdout)) as string[][];
  });

  it.each(cases.map((plant, index) => [plant[0], plant[3], index] as const))(
    '%s: %s',
    (_, rule, index) => {
      if (rule === null) expect(found[index]).toEqual([]);
      else expect(found[index]).toContain(rule);
    },
  );
});

describe('tags', () => {
  it.each(globSync('{apps,libs}/*/package.json'))('%s carries exactly one kind', (file) => {
    const { nx } = JSON.parse(readFileSync(file, 'utf8')) as { nx: { tags: string[] } };
    expect(nx.tags.filter((tag) => tag.startsWith('kind:'))).toHaveLength(1);
  });
});
