// npm run bench:send [-- --messages N --runs N --tenants N --signed none|ed25519|rsa+ed25519
//   --port-base N --statements]: accepted e-mails to delivered and counted, every hop durable, beside
// nodemailer alone into the same counting sink, in turn. JSON lines; README.md tells the figures.
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs, promisify } from 'node:util';
import { nodeFlags } from '../stack/node-flags.ts';
import { root } from '../stack/repository.ts';
import { readStackFile } from '../stack/stack-file.ts';
import { cpuBetween, cpuTimes, type CpuTimes } from './cpu-time.ts';
import { report, rounded, spread } from './figures.ts';
import { startMeasured } from './measured-start.ts';
import { signDomains } from './send-signing.ts';
import { type Sender, SendStack } from './send-stack.ts';
import { forgetStatements, statementCosts, watchStatements } from './statements.ts';

const WARM_UP = 1_000;

interface Run {
  readonly per_second: number;
  readonly cpu: CpuTimes;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    messages: { type: 'string', default: '20000' },
    tenants: { type: 'string', default: '20' },
    signed: { type: 'string', default: 'none' },
    'port-base': { type: 'string' },
    /** Adds what each statement costs; the databases are a little slower for it. */
    statements: { type: 'boolean', default: false },
  },
});
const messages = Number(values.messages);
const pathOf = (name: string): string => new URL(name, import.meta.url).pathname;
/** By all runs so far. */
let accepted = 0;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const sink = fork(pathOf('smtp-sink.ts'));
const [{ port }] = (await once(sink, 'message')) as [{ port: number }];
const place = values['port-base'] === undefined ? [] : ['--port-base', values['port-base']];
const measured = await startMeasured(root, ['--no-demo', ...place], 'ready', {
  SMTP_URL: `smtp://127.0.0.1:${port}`,
});
async function bench(): Promise<void> {
  const stack = new SendStack(describe());
  if (values.statements) await watchStatements(stack, measured.dataDirectory);
  const senders = await stack.createSenders(Number(values.tenants));
  await signDomains(stack, senders, values.signed);
  await ours(stack, senders, WARM_UP, 'warm');
  const runs: Run[] = [];
  const alone: Run[] = [];
  for (let n = 0; n < Number(values.runs); n += 1) {
    runs.push(await ours(stack, senders, messages, `run${n}`));
    alone.push(await nodemailer(`alone${n}`));
  }
  tell('send_path', runs);
  tell('nodemailer_alone', alone);
  const rate = (all: readonly Run[]): number => spread(all.map((run) => run.per_second)).median;
  report('send_path_ratio', { ours_to_nodemailer: rounded(rate(runs) / rate(alone)) });
}

function describe() {
  const stack = readStackFile(measured.dataDirectory);
  if (!stack) throw new Error('the stack has gone');
  return stack;
}

/** Loads the queue with sending paused; what is measured begins when it goes on. */
async function ours(
  stack: SendStack,
  senders: readonly Sender[],
  count: number,
  tag: string,
): Promise<Run> {
  await stack.pauseSending(true);
  const loading = performance.now();
  await stack.accept(senders, count, tag);
  accepted += count;
  await stack.untilLoaded(accepted, count);
  say(`${tag}: ${count} loaded in ${Math.round(performance.now() - loading)} ms`);
  if (values.statements) await forgetStatements(stack);
  const before = readCpu();
  const since = new Date();
  await stack.pauseSending(false);
  await stack.untilDelivered(accepted);
  const ms = Date.now() - (await stack.firstLease(since)).getTime();
  const cpu = cpuBetween(before, readCpu());
  await verify(stack, count);
  await tellStatements(stack, count, tag);
  say(`${tag}: delivered in ${ms} ms, ${Math.round((count / ms) * 1_000)} messages/s`);
  return { per_second: (count / ms) * 1_000, cpu: perMessage(cpu, count) };
}

const readCpu = (): CpuTimes => cpuTimes(describe(), { sink: sink.pid ?? 0 });

/** µs of each part per message, and their sum without the sink, which is no part of the product. */
function perMessage(cpu: CpuTimes, count: number): CpuTimes {
  const each = Object.entries(cpu).map(([part, ms]) => [part, (ms * 1_000) / count] as const);
  const own = each.filter(([part]) => part !== 'sink');
  return { all: own.reduce((sum, [, us]) => sum + us, 0), ...Object.fromEntries(each) };
}

/** @throws Error unless every e-mail is delivered, once, and known as such */
async function verify(stack: SendStack, count: number): Promise<void> {
  await expectSink(count);
  const delivered = "SELECT count(*) FROM emails WHERE status = 'delivered'";
  const inOltp = await stack.count('oltp', delivered);
  const ended = "SELECT count(*) FROM job_history WHERE job_type = 'send_email'";
  const history = await stack.count('queue', ended);
  if (inOltp !== accepted || history !== accepted)
    throw new Error(`of ${accepted}: ${inOltp} delivered in oltp, ${history} finished jobs`);
}

async function expectSink(count: number): Promise<void> {
  sink.send('count');
  const [got] = (await once(sink, 'message')) as [{ messages: number; recipients: number }];
  if (got.messages !== count || got.recipients !== count)
    throw new Error(`sent ${count}, the sink has ${JSON.stringify(got)}`);
}

async function tellStatements(stack: SendStack, count: number, tag: string): Promise<void> {
  if (!values.statements) return;
  for (const cost of await statementCosts(stack, count)) report('statement', { run: tag, ...cost });
}

async function nodemailer(tag: string): Promise<Run> {
  const before = readCpu();
  const program = [...nodeFlags, pathOf('nodemailer-run.ts')];
  const args = [...program, String(port), values.messages, tag, values.signed];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const run = JSON.parse(stdout) as {
    cpu_us_per_message: number;
    per_second: number;
    sent: number;
  };
  await expectSink(run.sent);
  const { sink: ofSink = 0 } = cpuBetween(before, readCpu());
  say(`${tag}: ${Math.round(run.per_second)} messages/s`);
  const cpu = { all: run.cpu_us_per_message, sink: (ofSink * 1_000) / run.sent };
  return { per_second: run.per_second, cpu };
}

function tell(metric: string, runs: readonly Run[]): void {
  const about = { messages, tenants: Number(values.tenants), signed: values.signed };
  const parts = Object.keys(runs[0]?.cpu ?? {});
  const cpu = parts.map((part) => [part, spread(runs.map((run) => run.cpu[part] ?? 0))] as const);
  const per_second = spread(runs.map((run) => run.per_second));
  report(metric, { ...about, per_second, cpu_us_per_message: Object.fromEntries(cpu) });
}

try {
  await bench();
} finally {
  await measured.stop();
  sink.disconnect();
}
