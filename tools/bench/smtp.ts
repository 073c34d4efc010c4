// npm run bench:smtp [-- --runs N --messages N]: the SMTP clients of the worker, prebuilt messages of
// 7.5 kB over 10 connections, into a counting sink in a process of its own. JSON lines.
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { parseArgs, promisify } from 'node:util';

interface Run {
  readonly cpu_ms_per_message: number;
  readonly per_second: number;
  readonly sent: number;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    messages: { type: 'string', default: '20000' },
  },
});
const clients = ['own', 'nodemailer'] as const;
const pathOf = (name: string) => new URL(name, import.meta.url).pathname;
const sink = fork(pathOf('smtp-sink.ts'));
const [{ port }] = (await once(sink, 'message')) as [{ port: number }];

/** @throws Error unless the sink got every message once */
async function measure(client: string): Promise<Run> {
  const options = [pathOf('smtp-run.ts'), client, String(port), values.messages];
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

const runs = { own: [] as Run[], nodemailer: [] as Run[] };
for (let n = 0; n < Number(values.runs); n += 1)
  for (const client of clients) runs[client].push(await measure(client));
sink.disconnect();

const medians = clients.map((client) => {
  const cpu = spread(runs[client].map((run) => run.cpu_ms_per_message));
  const rate = spread(runs[client].map((run) => run.per_second));
  const messages = Number(values.messages);
  report('smtp_client', { client, messages, cpu_ms_per_message: cpu, per_second: rate });
  return cpu.median ?? 0;
});
report('smtp_client_ratio', { nodemailer_to_own: round(medians[1] / medians[0]) });
