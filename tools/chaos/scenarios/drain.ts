import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../../stack/ports.ts';
import { commitsIn, inFairWeather, livesOf } from '../../verify/weather.ts';
import { Load } from '../client/load.ts';
import { createSenders } from '../client/tenants.ts';
import { readHotJobs } from '../judge/facts.ts';
import type { RoundSettings } from '../round.ts';
import { untilSettled } from '../settle.ts';
import type { ChaosStack } from '../stack/chaos-stack.ts';

const TENANTS = 3;
const CLIENTS = 8;
const WARM = 40;
const DRAINED_WITHIN_MS = 30_000;
const PROGRESS_WITHIN_MS = 300_000;
const POLL_MS = 50;
/** So slow that a worker has more jobs than connections when it has to go. */
const SLOW_SINK_MS = 300;

/** One JSON line. */
export interface DrainReport {
  drain: string;
  /** How the process ended; `exit 0` is the only good one. */
  end: string;
  seconds: number;
  /** Requests of clients meanwhile, and those that had another answer than 202. */
  requests: number;
  failed: number;
  /** Jobs that the process still held when it had ended. */
  kept_leases: number;
  violations: string[];
  ok: boolean;
}

/** SIGTERM to one process of each app in turn, while clients send. */
export async function drainEach(
  settings: RoundSettings,
  drained: readonly App[],
  print: (report: DrainReport) => void,
): Promise<boolean> {
  let ok = true;
  for (const app of drained) {
    const description = settings.stack.describe();
    const report = await inFairWeather({
      run: () => drainOne(settings, app),
      isFinal: ({ violations }) => !isOfTime(violations),
      questions: [...commitsIn(description, []), ...livesOf(description, [app])],
    });
    print(report);
    ok &&= report.ok;
  }
  return ok;
}

/** A machine that stands still makes answers and exits late. What is lost, doubled or kept it does not. */
const isOfTime = (violations: readonly string[]): boolean =>
  violations.length > 0 && violations.every((found) => /^(seconds|failed): /.test(found));

async function drainOne(settings: RoundSettings, part: string): Promise<DrainReport> {
  const { stack, ledger, seed } = settings;
  const { gateway, keys } = stack.describe();
  const senders = await createSenders(gateway.url, keys.platform ?? '', TENANTS);
  const tenants = senders.map(({ tenantId }) => tenantId);
  const label = `d${seed}-${part}-${randomUUID().slice(0, 8)}`;
  const size = { emails: Number.POSITIVE_INFINITY, concurrency: CLIENTS };
  await stack.slowSink(part === 'worker' ? SLOW_SINK_MS : 0);
  const load = new Load({ publicUrl: gateway.url, senders, ledger, label, ...size });
  const done = load.run();
  await untilAnswered(load, WARM);
  const { end, seconds, kept } = await stopOne(stack, part, tenants);
  await stack.slowSink(0);
  await untilAnswered(load, total(load) + WARM);
  await stack.start(part);
  await untilAnswered(load, total(load) + WARM);
  load.stop();
  await done;
  const { verdict } = await untilSettled(settings, tenants, label, 0);
  const requests = total(load);
  const failed = requests - (load.report.answers['202'] ?? 0);
  const violations = [
    ...verdict.violations,
    ...(end === 'exit 0' ? [] : [`end: ${end}`]),
    ...(seconds * 1000 > DRAINED_WITHIN_MS ? [`seconds: ${seconds}`] : []),
    ...(failed > 0 ? [`failed: ${JSON.stringify(load.report.answers)}`] : []),
    ...(kept > 0 ? [`kept_leases: ${kept}`] : []),
  ];
  const ok = violations.length === 0;
  return { drain: part, end, seconds, requests, failed, kept_leases: kept, violations, ok };
}

/** Stops one process and looks at once at what it has left behind. */
async function stopOne(stack: ChaosStack, part: string, tenants: string[]) {
  const owners = part === 'worker' ? await leaseOwners(stack, tenants) : new Set<string>();
  const began = performance.now();
  const answer = await stack.tell('stop', part);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const left = part === 'worker' ? await leaseOwners(stack, tenants) : new Set<string>();
  const alive = stack.replicasOf('worker').length - 1;
  const kept = part === 'worker' ? Math.max(0, left.size - alive) : 0;
  const end = /\(([^)]*)\)$/.exec(answer)?.[1] ?? answer;
  return { end, seconds, kept: owners.size === 0 ? 0 : kept };
}

/** Workers that hold a lease now. */
async function leaseOwners(stack: ChaosStack, tenants: string[]): Promise<Set<string>> {
  const hot = await readHotJobs(stack.describe(), tenants);
  return new Set(hot.flatMap(({ leasedBy }) => leasedBy ?? []));
}

const total = (load: Load): number =>
  Object.values(load.report.answers).reduce((sum, count) => sum + count, 0);

async function untilAnswered(load: Load, count: number): Promise<void> {
  const deadline = Date.now() + PROGRESS_WITHIN_MS;
  while (total(load) < count) {
    if (Date.now() > deadline) throw new Error('the clients are not answered any more');
    await delay(POLL_MS);
  }
}
