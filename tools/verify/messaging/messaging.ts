// npm run verify:messaging [-- --events N --seed S --mutant NAME | --mutants]: one JSON line per phase.
import { parseArgs } from 'node:util';
import { withPostgres } from '../with-postgres.ts';
import { type Mutant, mutantNamed, mutants } from './mutants/mutants.ts';
import { faultsOf, type Phase, phasesOf } from './phases.ts';
import { catchMutant } from './catch-mutant.ts';
import { NotInTime } from '../until.ts';
import { verifyRun } from './verify-run.ts';

const { values } = parseArgs({
  options: {
    /** Of the relay phase; each of the five others has a tenth. */
    events: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

/** 0 when nothing is wrong. */
async function verify(phases: readonly Phase[]): Promise<number> {
  const reports = await verifyRun({ seed, phases, preloads: {} }, say);
  const faults = reports.flatMap((report) => faultsOf(report));
  return faults.length === 0 ? 0 : 1;
}

/** A mutant that does not come to rest proves nothing: it counts as survivor. */
async function isCaught(mutant: Mutant): Promise<boolean> {
  try {
    const result = await catchMutant(mutant, seed);
    say(result);
    return result.caught;
  } catch (error) {
    if (!(error instanceof NotInTime)) throw error;
    say({ mutant: mutant.name, caught: false, error: error.message });
    return false;
  }
}

/** 0 when every one of them was caught, and when the product passes the same phases. */
async function breakAll(chosen: readonly Mutant[]): Promise<number> {
  let survivors = 0;
  for (const mutant of chosen) {
    survivors += (await isCaught(mutant)) ? 0 : 1;
  }
  return survivors + (await verify(chosen.map(({ phase }) => phase)));
}

async function main(): Promise<number> {
  if (values.mutant !== undefined) return breakAll([mutantNamed(values.mutant)]);
  return values.mutants ? breakAll(mutants) : verify(phasesOf(Number(values.events)));
}

process.exitCode = await withPostgres(main);
