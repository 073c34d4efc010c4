// npm run verify:queue [-- --short | --mutants | --only a,b | --seed S]: one JSON line per rule and round.
import { parseArgs } from 'node:util';
import { type FaultRun, runFaults, violationsOf } from './fault-suite.ts';
import { longForm, shortForm } from './form.ts';
import { openStage } from './stage.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

async function main(): Promise<number> {
  const form = values.short ? shortForm : longForm;
  const sized = { ...form, jobs: Number(values.jobs ?? form.jobs) };
  const only = values.only?.split(',');
  const run: FaultRun = {
    form: sized,
    seed: Number(values.seed),
    ...(only && { only }),
    mutant: [],
  };
  const stage = await openStage(form.durable);
  let violations: string[] = ['broke off'];
  try {
    violations = violationsOf(await runFaults(stage, run, say));
    return violations.length;
  } finally {
    if (violations.length > 0) process.stderr.write(`logs: ${stage.directory}\n`);
    await stage.close(violations.length > 0);
  }
}

process.exitCode = Math.min(1, await main());
