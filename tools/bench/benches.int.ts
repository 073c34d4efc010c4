import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { root } from '../stack/repository.ts';

const WITHIN_MS = 900_000;

/** As documented, in a size that says nothing about speed. @returns metrics by how often each was printed */
async function run(bench: string, options: readonly string[]): Promise<Record<string, number>> {
  const args = ['run', '-s', `bench:${bench}`, '--', ...options];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: root, timeout: WITHIN_MS });
  const metrics = stdout.split('\n').filter((line) => line.startsWith('{'));
  return countOf(metrics.map((line) => (JSON.parse(line) as { metric: string }).metric));
}

function countOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const once = ['--runs', '1'];

/** Each fails by itself when a message, row, event or job is missing or comes twice. */
const benches: [string, string[], Record<string, number>][] = [
  ['rls', [...once, '--operations', '20'], { 'rls_ratio point': 1, 'rls_ratio page of 50': 1 }],
  ['smtp', [...once, '--messages', '50', '--only', 'own, RSA and ed25519'], { smtp_send: 1 }],
  ['relay', [...once, '--rows', '2000', '--ways', 'three_relays'], { relay: 1 }],
  [
    'inbox',
    '--runs 1 --events 600 --warm-up 600 --tenants 20 --ways app,per_record'.split(' '),
    { inbox: 2, inbox_ratio: 1 },
  ],
  [
    'queue',
    '--short --repetitions 1 --jobs 600 --only drain,add --contenders ours,bare'.split(' '),
    { 'queue drain': 2, 'queue add': 2 },
  ],
];

/** The short form of the benches that need no running product. */
describe('benches', () => {
  test.each(benches)(
    'bench:%s measures what it says',
    async (name, options, metrics) => {
      expect(await run(name, options)).toEqual(metrics);
    },
    WITHIN_MS,
  );
});
