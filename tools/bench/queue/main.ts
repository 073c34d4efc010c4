// npm run bench:queue [-- --short] [--only drain,latency] [--contenders ours,pgboss] [--jobs N]
// [--backlog N] [--idle-seconds N] [--repetitions N]: the product's queue engine beside graphile-worker, pg-boss, BullMQ.
import { cpus } from 'node:os';
import { report, rounded } from '../figures.ts';
import type { ContenderDescription } from './contender.ts';
import type { RunAnswer, RunRequest } from './contender-run.ts';
import { contendersNamed } from './contenders/all-contenders.ts';
import { type MeasureName, readOptions, repetitionsOf } from './options.ts';
import { installPeer, versionOf } from './peers.ts';
import { type RedisServer, redisIsInstalled, startRedis } from './redis.ts';
import { resultTable } from './result-table.ts';
import type { Figures } from './run.ts';
import { runContender } from './run-contender.ts';
import { type QueueServer, startQueueServer } from './server.ts';

/** Lines of npm's explanation that are shown; the rest is a stack trace. */
const WORDS_OF_NPM = 3;

const options = readOptions(process.argv.slice(2));
const results = new Map<string, Figures[]>();
/** What did not happen, for the end of the output. */
const absent: string[] = [];
const beganAt = performance.now();

const contenders = await available(contendersNamed(options.contenders));
const server = await startQueueServer();
// Without this an interrupted run leaves its server to the next one.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.stop().finally(() => process.exit(130)));
}
try {
  for (const measure of options.measures) await measureAll(server, measure);
} finally {
  await server.stop();
}
printEnd();
if (absent.some((line) => line.startsWith('failed: '))) process.exitCode = 1;

/** Those whose packages are there; the others are named at the end. */
async function available(
  wanted: readonly ContenderDescription[],
): Promise<readonly ContenderDescription[]> {
  const found: ContenderDescription[] = [];
  for (const each of wanted) {
    const reason = await missing(each);
    if (reason === undefined) found.push(each);
    else absent.push(`not run: ${each.name}, ${reason}`);
  }
  return found;
}

async function missing({ needs, needsRedis }: ContenderDescription): Promise<string | undefined> {
  if (needsRedis && !redisIsInstalled()) return 'there is no redis-server on the PATH';
  if (!needs) return undefined;
  try {
    await installPeer(needs);
    return undefined;
  } catch (error) {
    const [said, ...why] = (error as Error).message.split('\n');
    const reason = [said, ...why.slice(0, WORDS_OF_NPM)].join('; ');
    return `${needs} ${versionOf(needs)} could not be installed: ${reason}`;
  }
}

/** The contenders in turn, repetition by repetition, so that the load of the machine hits all. */
async function measureAll(on: QueueServer, measure: MeasureName): Promise<void> {
  for (let repetition = 0; repetition < options.repetitions; repetition += 1) {
    const taking = contenders.filter(
      ({ measures, pace }) =>
        measures.includes(measure) && repetition < repetitionsOf(measure, pace, options),
    );
    for (const description of taking) await measureOne(on, measure, description, repetition);
  }
}

async function measureOne(
  on: QueueServer,
  measure: MeasureName,
  description: ContenderDescription,
  repetition: number,
): Promise<void> {
  const { name } = description;
  const { sizes } = options;
  const answer = await onFreshServers(on, description, (where) =>
    runContender({ contender: name, measure, repetition, sizes, ...where }),
  );
  if ('failure' in answer) {
    absent.push(`failed: ${name}, ${measure}: ${answer.failure}`);
    report(`queue ${measure}`, { contender: name, repetition, failure: answer.failure });
    return;
  }
  results.set(name, [...(results.get(name) ?? []), answer.figures]);
  const figures = Object.entries(answer.figures).map(([key, value]) => [key, rounded(value)]);
  report(`queue ${measure}`, { contender: name, repetition, ...Object.fromEntries(figures) });
}

async function onFreshServers(
  on: QueueServer,
  description: ContenderDescription,
  work: (where: Pick<RunRequest, 'urls' | 'server'>) => Promise<RunAnswer>,
): Promise<RunAnswer> {
  const { urls, drop } = await on.createDatabase(description);
  let redis: RedisServer | undefined;
  try {
    if (!description.needsRedis) return await work({ urls, server: on.address });
    redis = await startRedis();
    const server = { ...on.address, pid: redis.pid, writesWal: false };
    return await work({ urls: { ...urls, redis: redis.url }, server });
  } finally {
    await redis?.stop();
    await drop();
  }
}

function printEnd(): void {
  const say = (line: string): boolean => process.stdout.write(`${line}\n`);
  const minutes = rounded((performance.now() - beganAt) / 60_000);
  const { repetitions, sizes } = options;
  say('');
  say(`${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${new Date().toISOString()},`);
  say(`${repetitions} repetitions in ${minutes} minutes, ${JSON.stringify(sizes)}`);
  say('median [minimum–maximum]; the last column compares medians with peers only\n');
  say(resultTable(contenders, results));
  say('');
  for (const { name, settings, keeps, needs } of contenders) {
    say(`- ${name}${needs ? ` (${needs} ${versionOf(needs)})` : ''}: ${settings}; keeps ${keeps}`);
  }
  for (const line of absent) say(`- ${line}`);
}
