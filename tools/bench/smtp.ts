// npm run bench:smtp [-- --runs N --messages N --only NAME]: composing, signing and sending in the worker,
// messages of 7.5 kB over 10 connections, into a counting sink in a process of its own. JSON lines.
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { nodeFlags } from '../stack/node-flags.ts';
import { type SmtpVariant, smtpVariants } from './smtp-variants.ts';

interface Run {
  readonly cpu_ms_per_message: number;
  /** The kernel's part of it: mostly the writes. */
  readonly system_ms_per_message: number;
  readonly per_second: number;
  readonly bytes: number;
  readonly sent: number;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    messages: { type: 'string', default: '20000' },
    only: { type: 'string', multiple: true },
  },
});
/** CPU ms per message, of issue 4. */
const goals: Readonly<Record<string, number>> = { own: 0.06, 'own, ed25519': 0.13 };
const variants = smtpVariants.filter(({ name }) => values.only?.includes(name) ?? true);
const pathOf = (name: string) => new URL(name, import.meta.url).pathname;
const sink = fork(pathOf('smtp-sink.ts'));
const [{ port }] = (await once(sink, 'message')) as [{ port: number }];

/** @throws Error unless the sink got every message once */
async function measure({ name, share }: SmtpVariant): Promise<Run> {
  const count = Math.ceil(Number(values.messages) * share);
  const options = [...nodeFlags, pathOf('smtp-run.ts'), name, String(port), String(count)];
  const { stdout } = await promisify(execFile)(process.execPath, options);
  const run = JSON.parse(stdout) as Run;
  sink.send('count');
  const [got] = (await once(sink, 'message')) as [{ messages: number; recipients: number }];
  if (got.messages !== run.sent || got.recipients !== run.sent)
    throw new Error(`sent ${run.sent}, the sink has ${JSON.stringify(got)}`);
  return run;
}

const round = (value: number) => Number(value.toPrecision(3));

function spread(figures: number[]) {
  const sorted = figures.map(round).sort((a, b) => a - b);
  return { min: sorted[0], median: sorted[sorted.length >> 1], max: sorted.at(-1) };
}

function report(metric: string, figures: Record<string, unknown>): void {
  const line = { metric, ...figures, cores: cpus().length, at: new Date().toISOString() };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const runs = new Map<string, Run[]>(variants.map(({ name }) => [name, []]));
for (let n = 0; n < Number(values.runs); n += 1)
  for (const variant of variants) runs.get(variant.name)?.push(await measure(variant));
sink.disconnect();

for (const [variant, measured] of runs) {
  report('smtp_send', {
    variant,
    bytes: measured[0].bytes,
    cpu_ms_per_message: spread(measured.map((run) => run.cpu_ms_per_message)),
    system_ms_per_message: spread(measured.map((run) => run.system_ms_per_message)),
    per_second: spread(measured.map((run) => run.per_second)),
    ...(goals[variant] !== undefined && { goal_cpu_ms: goals[variant] }),
  });
}
