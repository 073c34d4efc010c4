/**
 * Writes schemas/<tier>/schema.sql from the migrations; with --check only compares, and exits 1 on a
 * difference. Runs on Node 24's own type stripping and imports the built library, so `tsc -b
 * libs/database` comes first (the root scripts do it).
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderSchema } from '../../libs/database/dist/migrations/render-schema.js';
import { type Tier, tiers } from '../../libs/database/dist/tier.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function render(tier: Tier): Promise<string> {
  const roles = await readFile(join(root, 'infra/postgres/roles.sql'), 'utf8');
  const directories = ['libs/outbox/migrations', `apps/${tier}/migrations`];
  return renderSchema({ tier, roles, directories: directories.map((path) => join(root, path)) });
}

async function readExisting(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function generate(tier: Tier, checkOnly: boolean): Promise<boolean> {
  const path = join(root, 'schemas', tier, 'schema.sql');
  const schema = await render(tier);
  if (schema === (await readExisting(path))) return true;
  if (checkOnly) return false;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, schema);
  return true;
}

const checkOnly = process.argv.includes('--check');
for (const tier of tiers) {
  if (await generate(tier, checkOnly)) continue;
  console.error(`schemas/${tier}/schema.sql differs from the migrations: npm run generate:schema`);
  process.exitCode = 1;
}
