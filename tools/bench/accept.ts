// npm run bench:accept [-- --runs N --seconds N --tenants N --connections N --variants a,b --statements]: durable
// accepts (POST /v1/emails, text of 1 to 5 kB) through the whole product, client included. JSON lines.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { root } from '../stack/repository.ts';
import { readStackFile, type StackDescription } from '../stack/stack-file.ts';
import { signalFamily } from '../stack/supervisor/process-family.ts';
import { atRate, type LoadResult, type NextRequest, requestsOf, saturate } from './accept-load.ts';
import { type OtherServer, startCallByCall, startPlain } from './accept-servers.ts';
import { createTenants } from './accept-tenants.ts';
import { startMeasured } from './measured-start.ts';
import { cpuPer, cpuTimes, type CpuTimes } from './cpu-time.ts';
import { SendStack } from './send-stack.ts';
import { settled } from './settled.ts';
import { forgetStatements, statementCosts, watchStatements } from './statements.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    tenants: { type: 'string', default: '200' },
    /** Requests at a time while saturating. */
    connections: { type: 'string', default: '128' },
    /** E-mails a second of the open loop: half of the goal. */
    rate: { type: 'string', default: '750' },
    variants: {
      type: 'string',
      default: 'keyed,keyless,one_tenant,call_by_call,plain,with_worker',
    },
    /** What each statement costs; it costs something itself. */
    statements: { type: 'boolean', default: false },
    /** A running stack; default: one of its own. */
    'data-dir': { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const wanted = values.variants.split(',');

interface Variant {
  name: string;
  url: string;
  next: NextRequest;
  /** Processes that are not the stack's. */
  pids: Record<string, number>;
}

interface Figures {
  perSecond: number;
  percentiles: number[];
  line: Record<string, unknown>;
}

/** Until the compilers of seven processes have seen their loops often: the first 10 s cost a third more. */
const WARM_UP_SECONDS = 15;
const PERCENTILES = [0.5, 0.95, 0.99, 1];

/** All parts, and `client`: this process without its children, which are the parts. */
function readCpu(stack: StackDescription, pids: Record<string, number>): CpuTimes {
  const { user, system } = process.cpuUsage();
  return { ...cpuTimes(stack, pids), client: (user + system) / 1000 };
}

/** One load on one variant, with what each process used for it. */
async function measure(
  stack: StackDescription,
  { name, pids }: Variant,
  phase: string,
  load: () => Promise<LoadResult>,
): Promise<Figures> {
  if (values.statements) await forgetStatements(new SendStack(stack));
  const before = readCpu(stack, pids);
  const { latencies, failures, seconds: took } = await load();
  const cpu_ms = cpuPer(latencies.length, before, readCpu(stack, pids));
  const catch_up_seconds = name === 'with_worker' || name === 'plain' ? null : await settled(stack);
  latencies.sort((a, b) => a - b);
  const perSecond = Math.round(latencies.length / took);
  const percentiles = PERCENTILES.map((part) => round(quantile(latencies, part)));
  const [p50, p95, p99, max] = percentiles;
  const latency_ms = { p50, p95, p99, max };
  const counts = { accepted: latencies.length, failures };
  const figures = { per_second: perSecond, latency_ms, ...counts, cpu_ms, catch_up_seconds };
  const line = { metric: 'accept', variant: name, phase, ...figures };
  report(line);
  if (values.statements)
    for (const cost of await statementCosts(new SendStack(stack), latencies.length))
      report({ metric: 'statement', variant: name, phase, ...cost });
  return { perSecond, percentiles, line };
}

function report(line: Record<string, unknown>): void {
  const at = { cores: cpus().length, at: new Date().toISOString() };
  process.stdout.write(`${JSON.stringify({ ...line, ...at })}\n`);
}

const round = (value: number): number => Math.round(value * 10) / 10;

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

const spread = (figures: readonly number[]) => {
  const sorted = [...figures].sort((a, b) => a - b);
  return { min: sorted[0], median: sorted[sorted.length >> 1], max: sorted.at(-1) };
};

/** Both phases of every variant, `runs` times in turn; then the summary of each. */
async function compare(stack: StackDescription, variants: readonly Variant[]): Promise<void> {
  const all = new Map(variants.map(({ name }) => [name, [] as [Figures, Figures][]]));
  for (let run = 0; run < Number(values.runs); run += 1)
    for (const variant of variants) all.get(variant.name)?.push(await both(stack, variant));
  for (const [variant, runs] of all)
    report({
      metric: 'accept_summary',
      variant,
      per_second: spread(runs.map(([saturated]) => saturated.perSecond)),
      p99_ms_at_rate: spread(runs.map(([, half]) => half.percentiles[2] ?? 0)),
      rate: Number(values.rate),
      goal: { per_second: 1500, p99_ms_at_rate: 100 },
    });
}

async function both(stack: StackDescription, variant: Variant): Promise<[Figures, Figures]> {
  const { url, next } = variant;
  const connections = Number(values.connections);
  const rate = Number(values.rate);
  const saturated = await measure(stack, variant, 'saturated', () =>
    saturate(url, next, { connections, seconds }),
  );
  const half = await measure(stack, variant, 'half', () => atRate(url, next, { rate, seconds }));
  return [saturated, half];
}

async function run(stack: StackDescription): Promise<void> {
  const { url } = stack.gateway;
  const tenants = await createTenants(stack, Number(values.tenants));
  const others: OtherServer[] = [];
  const product = (name: string, next = requestsOf(tenants, true)) => ({
    name,
    url,
    next,
    pids: {},
  });
  const other = async (name: string, start: (of: StackDescription) => Promise<OtherServer>) => {
    const server = await start(stack);
    others.push(server);
    const pids = { [name]: server.pid };
    return { name, url: server.url, next: requestsOf(tenants, true), pids };
  };
  const make: Record<string, () => Variant | Promise<Variant>> = {
    keyed: () => product('keyed'),
    keyless: () => product('keyless', requestsOf(tenants, false)),
    one_tenant: () => product('one_tenant', requestsOf(tenants.slice(0, 1), true)),
    call_by_call: () => other('call_by_call', startCallByCall),
    plain: () => other('plain', startPlain),
  };
  try {
    const worker = stack.processes.worker?.pid ?? 0;
    const connections = Number(values.connections);
    const variants: Variant[] = [];
    for (const name of wanted) if (make[name]) variants.push(await make[name]());
    await saturate(url, requestsOf(tenants, true), { connections, seconds: WARM_UP_SECONDS });
    signalFamily(worker, 'SIGSTOP');
    await settled(stack);
    await compare(stack, variants);
    signalFamily(worker, 'SIGCONT');
    if (wanted.includes('with_worker')) await compare(stack, [product('with_worker')]);
  } finally {
    for (const server of others) await server.stop();
  }
}

const own = values['data-dir'] ? undefined : await startMeasured(root, ['--no-demo'], 'ready');
try {
  const dataDirectory = own?.dataDirectory ?? (values['data-dir'] as string);
  const stack = readStackFile(dataDirectory);
  if (!stack) throw new Error('no stack runs there');
  if (values.statements) await watchStatements(new SendStack(stack), dataDirectory);
  await run(stack);
} finally {
  await own?.stop();
}
