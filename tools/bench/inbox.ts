// npm run bench:inbox [-- --runs N --events N]: the consumer of the library from real Kafka into real
// PostgreSQL (fsync on) beside one transaction per record, the ways in turn. JSON lines.
import { fork } from 'node:child_process';
import { on } from 'node:events';
import { parseArgs } from 'node:util';
import { nodeFlags } from '../stack/node-flags.ts';
import { withServers } from './with-servers.ts';
import { report, rounded, spread } from './figures.ts';
import { produce, startGroupAt, withTopic, PARTITIONS } from './inbox-load.ts';
import { countEffects, createBenchDatabase } from './inbox-tables.ts';
import type { RunOptions, RunResult } from './inbox-window.ts';
import { type ServerCpu, serverCpu } from './process-cpu.ts';

const GOALS: Readonly<Record<number, number>> = { 1: 50_000, 500: 20_000 };
const SECONDS = 10;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    events: { type: 'string', default: '120000' },
    ways: { type: 'string', default: 'app,system,per_record' },
    tenants: { type: 'string', default: '1,500' },
    /** Events in slices before the clock runs; one by one, a sixtieth of them. */
    'warm-up': { type: 'string', default: '30000' },
  },
});
const events = Number(values.events);
const inSlices = Number(values['warm-up']);
const warmUps = { slices: inSlices, per_record: Math.ceil(inSlices / 60) };
const ways = values.ways.split(',') as RunOptions['way'][];
const tenantCounts = values.tenants.split(',').map(Number);

interface Run extends RunResult, ServerCpu {}

await withServers(bench);

async function bench(brokers: string): Promise<void> {
  const admin = await withTopic(brokers);
  // Some more than are measured: a run that reached the end would wait for records.
  const perTenants = 2 * (events + warmUps.slices);
  for (const tenants of tenantCounts) await produce(brokers, perTenants, tenants);
  for (const [place, tenants] of tenantCounts.entries()) {
    const offset = (place * perTenants) / PARTITIONS;
    const start = (group: string) => startGroupAt(admin, group, offset);
    await compare(brokers, tenants, start);
  }
  await admin.disconnect();
}

async function compare(
  brokers: string,
  tenants: number,
  start: (group: string) => Promise<void>,
): Promise<void> {
  const runs = new Map(ways.map((way): [string, Run[]] => [way, []]));
  for (let n = 0; n < Number(values.runs); n += 1)
    for (const way of ways) {
      const group = `bench-${tenants}-${way}-${n}`;
      await start(group);
      runs.get(way)?.push(await measure(way, brokers, group));
    }
  for (const way of ways) reportWay(way, tenants, runs.get(way) ?? []);
  reportRatios(tenants, runs);
}

/** @throws Error unless each handled event took effect once */
async function measure(way: RunOptions['way'], brokers: string, group: string): Promise<Run> {
  const database = await createBenchDatabase();
  const { appUrl, systemUrl } = database;
  const warmUp = way === 'per_record' ? warmUps.per_record : warmUps.slices;
  const common = { way, brokers, group, appUrl, systemUrl };
  try {
    const run = await runChild({ ...common, warmUp, events, seconds: SECONDS });
    const { tallied, inbox } = await countEffects(database);
    if (tallied !== run.handled || inbox !== run.handled)
      throw new Error(`${way}: ${run.handled} handled, ${tallied} tallied, ${inbox} in the inbox`);
    return run;
  } finally {
    await database.drop();
  }
}

/** @throws Error when the child ends before it has reported */
async function runChild(options: RunOptions): Promise<Run> {
  const path = new URL('inbox-run.ts', import.meta.url).pathname;
  const child = fork(path, [JSON.stringify(options)], { execArgv: [...nodeFlags] });
  const ended = new AbortController();
  child.once('exit', (code) => ended.abort(new Error(`the run ended with ${code}`)));
  const messages = on(child, 'message', { signal: ended.signal });
  const said = async <T>(): Promise<T> => ((await messages.next()).value as [T])[0];
  await said<'begin'>();
  const before = serverCpu();
  await said<'end'>();
  const after = serverCpu();
  const result = await said<RunResult>();
  const servers = {
    postgres: after.postgres - before.postgres,
    kafka: after.kafka - before.kafka,
  };
  return { ...result, ...servers };
}

function rateOf({ events: count, ms }: Run): number {
  return (count / ms) * 1_000;
}

function reportWay(way: string, tenants: number, runs: readonly Run[]): void {
  const perThousand = (cpu: (run: Run) => number) =>
    spread(runs.map((run) => (cpu(run) / run.events) * 1_000));
  report('inbox', {
    way,
    tenants,
    goal: way === 'per_record' ? null : GOALS[tenants],
    events_per_second: spread(runs.map(rateOf)),
    cpu_ms_per_1000_events: {
      consumer: perThousand((run) => run.clientCpuMs),
      postgres: perThousand((run) => run.postgres),
      kafka: perThousand((run) => run.kafka),
    },
  });
}

function reportRatios(tenants: number, runs: ReadonlyMap<string, readonly Run[]>): void {
  const base = runs.get('per_record');
  if (!base) return;
  for (const way of ways.filter((each) => each !== 'per_record')) {
    const ratios = (runs.get(way) ?? []).map((run, n) => rateOf(run) / rateOf(base[n]));
    report('inbox_ratio', { tenants, [`${way}_to_per_record`]: spread(ratios.map(rounded)) });
  }
}
