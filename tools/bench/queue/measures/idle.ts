import { setTimeout as delay } from 'node:timers/promises';
import { type Figures, type Run, warmUp } from '../run.ts';

const WORKERS = 10;
const CALM_MS = 3_000;
/** A session reports its counters when it has been idle for this long, at the latest. */
const STATISTICS_LAG_MS = 1_000;
const MINUTE_MS = 60_000;

/** What ten workers cost that have nothing to do. */
export async function measureIdle(run: Run): Promise<Figures> {
  await warmUp(run);
  const name = new URL(run.urls.admin).pathname.slice(1);
  const worker = await run.contender.work(WORKERS, () => undefined);
  await delay(CALM_MS + STATISTICS_LAG_MS);
  const transactions = await run.meter.transactions(name);
  const before = await run.meter.read();
  await delay(run.sizes.idleSeconds * 1_000);
  const after = await run.meter.read();
  const more = (await run.meter.transactions(name)) - transactions;
  await worker.stop();
  const perMinute = MINUTE_MS / (after.at - before.at);
  return {
    idle_transactions: more * perMinute,
    idle_db_ms: (after.databaseCpuMs - before.databaseCpuMs) * perMinute,
    idle_client_ms: (after.clientCpuMs - before.clientCpuMs) * perMinute,
  };
}
