import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { nodePath, root } from '../stack/repository.ts';
import type { Counts } from './stage.ts';

/** Two faults that hurt most and a SIGTERM, with little mail: a minute. `npm run chaos` is the whole. */
const SHORT_FORM = [
  ...['--rounds', '2', '--only', 'worker-kill,oltp-db-kill,oltp-drain'],
  ...['--replicas', 'worker=2,queue=2,oltp=2'],
  ...['--emails', '260', '--in-flight', '200'],
];
const RESULTS = 3;

/** The short form of the chaos run; each round and each SIGTERM is one test. */
export async function runShortChaos(signal: AbortSignal): Promise<Counts> {
  const script = join(root, 'tools', 'chaos', 'main.ts');
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  const child = spawn(nodePath, [script, ...SHORT_FORM], { cwd: root, signal, stdio });
  const [output, [code]] = await Promise.all([
    text(child.stdout),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  process.stderr.write(output);
  return countRounds(output, code, RESULTS);
}

/** What was to come and did not has failed; so has one test of a run that fails with all of them passed. */
export function countRounds(output: string, code: number | null, expected: number): Counts {
  const lines = output.split('\n').filter((line) => /^\{"(round|drain)"/.test(line));
  const passed = lines.filter((line) => (JSON.parse(line) as { ok: boolean }).ok).length;
  const failed = Math.max(expected, lines.length) - passed;
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}
