// npm run verify:drift [-- --emails N --short --mutants]: one JSON line per scenario, exit code 1 on drift.
import { parseArgs } from 'node:util';
import { DriftStack } from './drift-stack.ts';
import { hasDrift, settledDrift } from './judge.ts';
import { mutants } from './mutants.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import { Sender } from './sender.ts';

const SETTLES_WITHIN_MS = 300_000;

const SHORT = ['kafka down past both graces', 'gateway killed during accepts'];

const { values } = parseArgs({
  options: {
    /** Sends of each scenario, a multiple of ten. */
    emails: { type: 'string', default: '60' },
    /** Two scenarios only, for `npm test`. */
    short: { type: 'boolean', default: false },
    /** Breaks a guard or the data by hand instead; exit code 1 when the judge does not see it. */
    mutants: { type: 'boolean', default: false },
  },
});
const count = Number(values.emails);

const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

async function play(stack: DriftStack, { name, run }: Scenario): Promise<boolean> {
  const began = Date.now();
  const sender = await Sender.create(stack);
  const sends = await run(stack, sender, count);
  const drift = await settledDrift(stack, sender, sends, SETTLES_WITHIN_MS);
  const answers = Object.fromEntries(
    [...Map.groupBy(sends, ({ answer }) => answer)].map(([answer, some]) => [answer, some.length]),
  );
  const seconds = (Date.now() - began) / 1000;
  say({ scenario: name, answers, seconds, ...drift });
  return !hasDrift(drift);
}

async function playAll(stack: DriftStack): Promise<number> {
  let failed = 0;
  const chosen = values.short ? scenarios.filter(({ name }) => SHORT.includes(name)) : scenarios;
  for (const scenario of chosen) if (!(await play(stack, scenario))) failed += 1;
  say({ scenarios: chosen.length, failed });
  return failed;
}

/** A mutant that the judge does not see is a survivor. */
async function playMutants(stack: DriftStack): Promise<number> {
  let survivors = 0;
  for (const mutant of mutants) {
    const sender = await Sender.create(stack);
    const caught = await mutant.isCaught(stack, sender, count);
    say({ mutant: mutant.name, caught });
    if (!caught) survivors += 1;
  }
  say({ mutants: mutants.length, survivors });
  return survivors;
}

const stack = await DriftStack.start();
try {
  process.exitCode = (await (values.mutants ? playMutants(stack) : playAll(stack))) === 0 ? 0 : 1;
} finally {
  await stack.stop();
}
