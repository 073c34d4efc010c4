import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../stack/repository.ts';
import type { Counts } from './stage.ts';
import { runStart } from './test-stack.ts';

/** How each command that the README shows is walked; `npm test` is what is running now. */
const WALKS: Record<string, () => Promise<boolean>> = {
  'npm start': async () => (await runStart(['--once'])) === 0,
  'npm test': async () => true,
};

/** Commands of the README's `sh` blocks, without comments. */
export function commandsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] ?? '');
  const lines = blocks.flatMap((block) => block.split('\n'));
  return lines.map((line) => line.replace(/\s+#.*$/, '').trim()).filter((line) => line !== '');
}

/** Paths that the README names: relative links, and code spans that start with a folder. */
export function pathsOf(markdown: string): string[] {
  const links = [...markdown.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
  const spans = [...markdown.matchAll(/`((?:apps|libs|docs|tools|infra)(?:\/[\w./-]+)?)`/g)];
  return [...new Set([...links, ...spans.map((match) => match[1] ?? '')])];
}

/** Does what the README says: every path is there, every command works. */
export async function walkReadme(): Promise<Counts> {
  const markdown = readFileSync(join(root, 'README.md'), 'utf8');
  const missing = pathsOf(markdown).filter((path) => !existsSync(join(root, path)));
  for (const path of missing) process.stderr.write(`README.md names ${path}: it is not there\n`);
  const results = [missing.length === 0];
  for (const command of commandsOf(markdown)) results.push(await walk(command));
  return {
    passed: results.filter((result) => result).length,
    failed: results.filter((result) => !result).length,
  };
}

async function walk(command: string): Promise<boolean> {
  const way = WALKS[command];
  if (!way) process.stderr.write(`README.md: teach readme-walk.ts to walk "${command}"\n`);
  const worked = way ? await way() : false;
  process.stderr.write(`README: ${command}: ${worked ? 'works' : 'FAILS'}\n`);
  return worked;
}
