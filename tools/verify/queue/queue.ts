// npm run verify:queue [-- --short | --mutants | …]: one JSON line per rule and round.
import { parseArgs } from 'node:util';
import { catchMutant, RULE_REPLICAS } from './catch-mutant.ts';
import { longForm, shortForm } from './form.ts';
import { type Mutant, mutantNamed, mutants } from './mutants.ts';
import { verifyQueue } from './run.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    /** Of the rules; several with commas, none with ''. */
    replicas: { type: 'string' },
    /** Of all rounds together. */
    jobs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    /** Rounds, by name, with commas. */
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

/** 0 when nothing is wrong. */
async function verify(): Promise<number> {
  const form = values.short ? shortForm : longForm;
  const given = values.replicas?.split(',').filter(Boolean).map(Number);
  const only = values.only?.split(',');
  const startedAt = performance.now();
  const { rules, rounds, violations } = await verifyQueue(
    {
      form: { ...form, jobs: Number(values.jobs ?? form.jobs) },
      replicas: given ?? (values.short ? [RULE_REPLICAS] : [1, RULE_REPLICAS]),
      faults: only?.join() !== '',
      ...(only && { only }),
      mutant: [],
      seed,
    },
    say,
  );
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  say({ rules: rules.length, rounds: rounds.length, violations, seconds });
  return violations.length;
}

/** 0 when every one of them was caught. */
async function breakAll(chosen: readonly Mutant[]): Promise<number> {
  let survivors = 0;
  for (const mutant of chosen) {
    const result = await catchMutant(mutant, seed);
    say(result);
    survivors += Number(!result.caught);
  }
  say({ mutants: chosen.length, survivors });
  return survivors;
}

function main(): Promise<number> {
  if (values.mutant !== undefined) return breakAll([mutantNamed(values.mutant)]);
  return values.mutants ? breakAll(mutants) : verify();
}

process.exitCode = Math.min(1, await main());
