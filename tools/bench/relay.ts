// npm run bench:relay [-- --runs N --rows N]: relays drain an outbox in real PostgreSQL (fsync on) into
// real Kafka, each a process of its own; three of ours, one, and three of a SKIP LOCKED relay in turn.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { Admin } from 'kafkajs';
import { nodeFlags } from '../stack/node-flags.ts';
import { withServers } from './with-servers.ts';
import { report, spread } from './figures.ts';
import { TOPIC, withTopic } from './inbox-load.ts';
import { cpuMsOf, type ServerCpu, serverCpu } from './process-cpu.ts';
import { filledOutbox, untilEmpty } from './relay-outbox.ts';
import type { RelayOptions } from './relay-ways.ts';

const GOAL = 15_000;
const KEYS = 20_000;
const processesOf = { three_relays: 3, one_relay: 1, skip_locked: 3 } as const;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    rows: { type: 'string', default: '200000' },
    ways: { type: 'string', default: 'three_relays,one_relay,skip_locked' },
  },
});
const rows = Number(values.rows);
const ways = values.ways.split(',') as RelayOptions['way'][];

interface Run extends ServerCpu {
  readonly ms: number;
  readonly relays: number;
  /** Records beyond one per row. */
  readonly repeated: number;
}

await withServers(bench);

async function bench(brokers: string): Promise<void> {
  const admin = await withTopic(brokers);
  const runs = new Map(ways.map((way): [string, Run[]] => [way, []]));
  for (let n = 0; n < Number(values.runs); n += 1)
    for (const way of ways) runs.get(way)?.push(await measure(way, brokers, admin));
  await admin.disconnect();
  for (const way of ways) reportWay(way, runs.get(way) ?? []);
}

/** @throws Error when a row did not arrive; one sent twice (a lost answer) is counted */
async function measure(way: RelayOptions['way'], brokers: string, admin: Admin): Promise<Run> {
  const database = await filledOutbox(rows, KEYS);
  const { appUrl, systemUrl } = database;
  const options: RelayOptions = { way, brokers, appUrl, systemUrl };
  const before = await recordsOn(admin);
  try {
    const run = await drain(options, () => untilEmpty(database));
    const sent = (await recordsOn(admin)) - before;
    if (sent < rows) throw new Error(`${way}: ${rows} rows, but ${sent} records`);
    return { ...run, repeated: sent - rows };
  } finally {
    await database.drop();
  }
}

/** From the word to connected relays to the empty outbox. */
async function drain(
  options: RelayOptions,
  untilDrained: () => Promise<void>,
): Promise<Omit<Run, 'repeated'>> {
  const path = new URL('relay-run.ts', import.meta.url).pathname;
  const relays = Array.from({ length: processesOf[options.way] }, () =>
    fork(path, [JSON.stringify(options)], { execArgv: [...nodeFlags] }),
  );
  await Promise.all(relays.map(ready));
  const before = serverCpu();
  const began = performance.now();
  const cpu = sum(relays.map(cpuMsOf));
  for (const relay of relays) relay.send('go');
  await Promise.race([untilDrained(), ...relays.map(failure)]);
  const ms = performance.now() - began;
  const relayCpu = sum(relays.map(cpuMsOf)) - cpu;
  const after = serverCpu();
  await Promise.all(relays.map(stop));
  return {
    ms,
    relays: relayCpu,
    postgres: after.postgres - before.postgres,
    kafka: after.kafka - before.kafka,
  };
}

function sum(figures: readonly number[]): number {
  return figures.reduce((all, one) => all + one, 0);
}

/** Rejects when the relay ends by a failure. */
async function failure(relay: ChildProcess): Promise<void> {
  const [code] = (await once(relay, 'exit')) as [number | null];
  throw new Error(`a relay ended with ${code}`);
}

/** @throws Error when it ends before it is connected */
async function ready(relay: ChildProcess): Promise<void> {
  const [said] = (await Promise.race([once(relay, 'message'), once(relay, 'exit')])) as [unknown];
  if (said !== 'ready') throw new Error(`a relay ended with ${String(said)}`);
}

async function stop(relay: ChildProcess): Promise<void> {
  const ended = once(relay, 'exit');
  relay.send('stop');
  await ended;
}

async function recordsOn(admin: Admin): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(TOPIC);
  return offsets.reduce((all, { high }) => all + Number(high), 0);
}

function reportWay(way: RelayOptions['way'], runs: readonly Run[]): void {
  const perThousand = (cpu: (run: Run) => number) =>
    spread(runs.map((run) => (cpu(run) / rows) * 1_000));
  report('relay', {
    way,
    processes: processesOf[way],
    rows,
    keys: KEYS,
    goal: way === 'three_relays' ? GOAL : null,
    repeated: runs.map(({ repeated }) => repeated),
    rows_per_second: spread(runs.map(({ ms }) => (rows / ms) * 1_000)),
    cpu_ms_per_1000_rows: {
      relays_together: perThousand((run) => run.relays),
      postgres: perThousand((run) => run.postgres),
      kafka: perThousand((run) => run.kafka),
    },
  });
}
