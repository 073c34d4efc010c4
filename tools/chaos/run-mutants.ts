// npm run chaos:mutants [-- --only NAME]: each guard taken away must be noticed. One JSON line each.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writePreload } from '../mutants/source-change.ts';
import { temporaryDirectory } from '../test/test-parts.ts';
import { Ledger } from './ledger.ts';
import { type Mutant, mutants } from './mutants/mutants.ts';
import { ChaosStack } from './stack/chaos-stack.ts';

const { values } = parseArgs({
  options: { only: { type: 'string' }, 'port-base': { type: 'string' } },
});

async function runMutant({ name, preload, run }: Mutant): Promise<boolean> {
  const directory = temporaryDirectory();
  const file = preload && writePreload(directory, preload.changes);
  const stack = await ChaosStack.start({
    replicas: 'worker=2',
    portBase: values['port-base'],
    options: preload && file ? ['--preload', `${preload.app}=${file}`] : [],
  });
  try {
    const ledger = await Ledger.open(join(stack.dataDirectory, 'ledger.jsonl'));
    const size = { emails: 0, inFlight: 0, settledWithinMs: 40_000 };
    const by = await run({ stack, ledger, seed: 1, ...size });
    await ledger.close();
    const caught = by.length > 0;
    process.stdout.write(`${JSON.stringify({ mutant: name, caught, by })}\n`);
    return caught === (name !== 'none');
  } finally {
    await stack.stop();
    rmSync(directory, { recursive: true });
  }
}

const wanted = mutants.filter(({ name }) => values.only === undefined || name === values.only);
if (wanted.length === 0) throw new Error(`no mutant "${values.only}"`);
const results: boolean[] = [];
for (const mutant of wanted) results.push(await runMutant(mutant));
process.exitCode = results.every(Boolean) ? 0 : 1;
