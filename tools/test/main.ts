// npm test [-- stage …]: everything CI checks; ends with `tests: N passed, N failed`.
import { say, step } from '../stack/progress.ts';
import { runShortChaos } from './chaos-stage.ts';
import { runEndToEnd } from './e2e-stage.ts';
import { runJest } from './jest-stage.ts';
import { walkReadme } from './readme-walk.ts';
import { type Counts, programStage, scriptStage, type Stage, sum } from './stage.ts';

const TSC = 'typescript/bin/tsc';
const NOTHING_PASSED: Counts = { passed: 0, failed: 1 };

/** One row after another; what stands in a row is done side by side. */
const stages: readonly (readonly Stage[])[] = [
  [programStage('build', TSC, '-b')],
  [
    scriptStage('format', 'format'),
    scriptStage('lint', 'lint'),
    programStage('types of specs', TSC, '-p', 'tsconfig.spec.json'),
    programStage('types of tools', TSC, '-p', 'tools/tsconfig.json'),
    scriptStage('generated contracts', 'generate:contracts:check'),
    scriptStage('generated schemas', 'generate:schema:check'),
  ],
  // More than there are cores: the suites that hurt processes mostly wait.
  [{ name: 'jest', run: (signal) => runJest(['--maxWorkers=3'], {}, signal) }],
  [{ name: 'e2e', run: runEndToEnd }],
  // Each has a product of its own and mostly waits: for leases, for graces.
  [{ name: 'chaos', run: runShortChaos }, scriptStage('drift', 'verify:drift:short')],
  [{ name: 'readme', run: walkReadme }],
];

/** A stage that throws counts as one failed test. */
async function runStage(stage: Stage, signal: AbortSignal): Promise<Counts> {
  try {
    const counts = await step(stage.name, () => stage.run(signal));
    if (counts.failed > 0) say(`${stage.name}: FAILED (${counts.failed})`);
    return counts;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    say(`${stage.name}: FAILED`);
    return NOTHING_PASSED;
  }
}

/** All stages run, also after one has failed: one run shows everything there is to mend. */
async function main(names: readonly string[]): Promise<number> {
  const known = stages.flat().map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`no stage "${unknown}"; ${known.join(', ')}`);
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  const all: Counts[] = [];
  for (const row of stages) {
    const wanted = row.filter(({ name }) => names.length === 0 || names.includes(name));
    if (abort.signal.aborted) break;
    all.push(...(await Promise.all(wanted.map((stage) => runStage(stage, abort.signal)))));
  }
  const { passed, failed } = sum(all);
  process.stdout.write(`tests: ${passed} passed, ${failed} failed\n`);
  return failed === 0 && !abort.signal.aborted ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
