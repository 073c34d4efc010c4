import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { lockFaults } from './lock.ts';
import { GENERATED, isMachineCode, readSources, renderOutputs } from './outputs.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Writes everything that is made from the contracts; with `--check` it writes nothing and exits 1
 * when a file differs from what it would write. Either way a changed released schema is refused.
 */
async function main(checkOnly: boolean): Promise<void> {
  const sources = readSources(ROOT);
  const faults = lockFaults(sources.lock, sources.events);
  if (faults.length > 0) return fail(faults);
  const outputs = await formatted(await renderOutputs(sources));
  const stale = staleFiles(outputs);
  if (!checkOnly) return write(outputs, stale);
  const different = [...outputs].filter(([path, text]) => committed(path) !== text);
  const names = [...different.map(([path]) => path), ...stale];
  if (names.length > 0) fail(names.map((name) => `${name}: run npm run generate:contracts`));
}

async function formatted(outputs: Map<string, string>): Promise<Map<string, string>> {
  const entries = [...outputs].map(async ([path, text]): Promise<[string, string]> => {
    if (isMachineCode(path)) return [path, text];
    const filepath = join(ROOT, path);
    return [path, await format(text, { ...(await resolveConfig(filepath)), filepath })];
  });
  return new Map(await Promise.all(entries));
}

/** Files of the generated folder whose contract is gone. */
function staleFiles(outputs: Map<string, string>): string[] {
  if (!existsSync(join(ROOT, GENERATED))) return [];
  return readdirSync(join(ROOT, GENERATED), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !outputs.has(path));
}

function write(outputs: Map<string, string>, stale: readonly string[]): void {
  for (const [path, text] of outputs) {
    if (committed(path) === text) continue;
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
  for (const path of stale) rmSync(join(ROOT, path));
}

function committed(path: string): string | undefined {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function fail(lines: readonly string[]): void {
  for (const line of lines) console.error(line);
  process.exitCode = 1;
}

await main(process.argv.includes('--check'));
