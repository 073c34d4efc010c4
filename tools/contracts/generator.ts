import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { jobFaults } from './job-faults.ts';
import { lockFaults } from './lock.ts';
import { GENERATED, isMachineCode, readSources, renderOutputs, type Sources } from './outputs.ts';

/** What is wrong, one sentence each. Empty: all is well. */
export type Faults = readonly string[];

/**
 * Writes everything that is made from the contracts below the repository `root`.
 * A changed released schema or an incomplete job type is refused, and then nothing is written.
 */
export async function generate(root: string): Promise<Faults> {
  const sources = readSources(root);
  const faults = faultsOf(sources);
  if (faults.length === 0) write(root, await formatted(root, await renderOutputs(sources)));
  return faults;
}

/** Names every file that differs from what {@link generate} would write. Writes nothing. */
export async function check(root: string): Promise<Faults> {
  const sources = readSources(root);
  const faults = faultsOf(sources);
  if (faults.length > 0) return faults;
  const outputs = await formatted(root, await renderOutputs(sources));
  const different = [...outputs].filter(([path, text]) => committed(root, path) !== text);
  const names = [...different.map(([path]) => path), ...staleFiles(root, outputs)];
  return names.map((name) => `${name}: run npm run generate:contracts`);
}

function faultsOf({ lock, events, jobs }: Sources): string[] {
  return [...lockFaults(lock, events), ...jobs.flatMap(jobFaults)];
}

async function formatted(root: string, outputs: Map<string, string>): Promise<Map<string, string>> {
  const entries = [...outputs].map(async ([path, text]): Promise<[string, string]> => {
    if (isMachineCode(path)) return [path, text];
    const filepath = join(root, path);
    return [path, await format(text, { ...(await resolveConfig(filepath)), filepath })];
  });
  return new Map(await Promise.all(entries));
}

function write(root: string, outputs: Map<string, string>): void {
  for (const [path, text] of outputs) {
    if (committed(root, path) === text) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const path of staleFiles(root, outputs)) rmSync(join(root, path));
}

/** Files of the generated folder whose contract is gone. */
function staleFiles(root: string, outputs: Map<string, string>): string[] {
  const folder = join(root, GENERATED);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !outputs.has(path));
}

function committed(root: string, path: string): string | undefined {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
