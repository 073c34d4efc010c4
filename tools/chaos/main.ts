// npm run chaos -- --rounds N --seed S: see tools/chaos/README.md.
import { join } from 'node:path';
import { parseChaosOptions, type ChaosOptions } from './chaos.config.ts';
import { durability, durabilityFaults } from './durability.ts';
import { schedule } from './faults.ts';
import { Ledger } from './ledger.ts';
import { seeded } from './random.ts';
import { type RoundSettings, runRound } from './round.ts';
import { drainEach } from './scenarios/drain.ts';
import { queueOutage } from './scenarios/queue-outage.ts';
import { ChaosStack } from './stack/chaos-stack.ts';

const print = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

/** The databases must really flush: what they acknowledge is what the ledger counts on. */
async function assertDurable(stack: ChaosStack): Promise<void> {
  print({ durability: await durability(stack) });
  const faults = await durabilityFaults(stack);
  if (faults.length > 0) throw new Error(faults.join('; '));
}

async function run(stack: ChaosStack, options: ChaosOptions): Promise<boolean> {
  const { seed, emails, inFlight, scenario } = options;
  const ledger = await Ledger.open(join(stack.dataDirectory, 'ledger.jsonl'));
  const settings = { stack, ledger, emails, inFlight, seed };
  try {
    if (scenario === 'queue-outage') return await queueOutage(settings, print);
    const held = await runRounds(settings, options);
    return (await drainEach(settings, options.drains, print)) && held;
  } finally {
    await ledger.close();
  }
}

async function runRounds(settings: RoundSettings, options: ChaosOptions): Promise<boolean> {
  const { rounds, seed, only } = options;
  const random = seeded(seed);
  const planned = schedule(rounds, random, (target) => settings.stack.replicasOf(target), only);
  let ok = true;
  for (const [index, fault] of planned.entries()) {
    const report = await runRound(settings, index + 1, fault);
    print(report);
    ok &&= report.ok;
  }
  return ok;
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseChaosOptions(args);
  const { replicas, portBase, dataDirectory } = options;
  const stack =
    dataDirectory === undefined
      ? await ChaosStack.start({ replicas, portBase })
      : ChaosStack.attach(dataDirectory);
  try {
    await assertDurable(stack);
    return (await run(stack, options)) ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
}
