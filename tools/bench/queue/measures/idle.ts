import { setTimeout as delay } from 'node:timers/promises';
import { settle } from '../admin.ts';
import { type Figures, type Run, warmUp } from '../run.ts';

const WORKERS = 10;
const CALM_MS = 3_000;
/**
 * A session that goes idle within a second of its last report keeps its counters for so long
 * (PGSTAT_IDLE_INTERVAL of the server): until then the transactions of the warm-up would be counted.
 */
const STATISTICS_LAG_MS = 10_000;
const MINUTE_MS = 60_000;

/** What ten workers cost that have nothing to do. */
export async function measureIdle(run: Run): Promise<Figures> {
  await warmUp(run);
  // Else autovacuum tidies up after the warm-up in the minute that is measured.
  await settle(run.urls.admin);
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
