import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../until.ts';
import { pauseWithJobs } from './pause-with-jobs.ts';
import type { Round } from './round.ts';
import { monotonicMs } from './worker/journal-line.ts';

type Fault = (round: Round) => Promise<void>;

const EXIT_WITHIN_MS = 30_000;
const HANDED_BACK_WITHIN_MS = 2_000;
/** Two of them leave one that goes on. */
const TERMINATED = 5;

/** kill -9 of workers that hold jobs, spread over the round; each is started again at once. */
export function killWorkers(times: number): Fault {
  return async (round) => {
    for (let n = 1; n <= times; n += 1) {
      await round.untilEnded((0.6 * n) / (times + 1));
      await killWorker(round, round.random.pick(round.scene.workers));
    }
  };
}

export async function killWorker(round: Round, worker: string): Promise<void> {
  const { scene } = round;
  const id = scene.idOf(worker);
  const held = await pauseWithJobs(round, worker, false);
  const at = monotonicMs();
  await scene.part(worker).kill();
  round.struck({ worker: id, at, held, forGood: true });
  await scene.part(worker).start();
}

/**
 * SIGSTOP of a worker for longer than its leases last, slow jobs in its hands: when it wakes, others
 * are at work on them, and what it then reports must be refused.
 */
export async function stopWorker(round: Round, worker: string): Promise<void> {
  const { scene } = round;
  const id = scene.idOf(worker);
  await pauseWithJobs(round, worker, true);
  const at = monotonicMs();
  round.struck({ worker: id, at, held: await round.heldBy(worker), forGood: false });
  await delay(scene.form.awayMs);
  scene.part(worker).resume();
}

export const stopAWorker: Fault = async (round) => {
  await round.untilEnded(0.1);
  await stopWorker(round, round.random.pick(round.scene.workers));
};

/** kill -9 of replicas of the queue service while jobs run. */
export function killReplicas(times: number): Fault {
  return async (round) => {
    for (let n = 1; n <= times; n += 1) {
      await round.untilEnded((0.6 * n) / (times + 1));
      await round.strikesNow();
      const replica = round.scene.part(round.random.pick(round.scene.replicas));
      await replica.kill();
      await replica.start();
    }
  };
}

/** SIGSTOP of a replica for longer than a lease: the other one serves. */
export const stopAReplica: Fault = async (round) => {
  await round.untilEnded(0.1);
  await round.strikesNow();
  const replica = round.scene.part(round.random.pick(round.scene.replicas));
  replica.pause();
  await delay(round.scene.form.awayMs);
  replica.resume();
};

/** No replica for longer than a lease. Nothing may age by it. */
export async function takeQueueAway(round: Round): Promise<void> {
  const { scene } = round;
  await round.strikesNow();
  await Promise.all(scene.replicas.map((name) => scene.part(name).kill()));
  await delay(scene.form.awayMs);
  await Promise.all(scene.replicas.map((name) => scene.part(name).start()));
}

export const queueAway: Fault = async (round) => {
  await round.untilEnded(0.1);
  await takeQueueAway(round);
};

/** Sessions of the service are cut off in the middle of what they do. */
export function terminateBackends(times: number): Fault {
  return async (round) => {
    for (let n = 1; n <= times; n += 1) {
      await round.untilEnded((0.6 * n) / (times + 1));
      await round.strikesNow();
      await round.scene.stage.admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE usename IN ('queue_app', 'queue_system') ORDER BY random() LIMIT $1`,
        [TERMINATED],
      );
    }
  };
}

/** PostgreSQL stops (connections are cut) and starts. */
export const restartDatabase: Fault = async (round) => {
  await round.untilEnded(0.2);
  await round.strikesNow();
  await round.scene.database.stop();
  await round.scene.database.start();
};

/** kill -9 of PostgreSQL with all its processes. */
export const killDatabase: Fault = async (round) => {
  await round.untilEnded(0.2);
  await round.strikesNow();
  await round.scene.database.kill();
  await round.scene.database.start();
};

/** SIGTERM: what was not begun is ready again at once, what was begun ends and is reported. */
export async function tellWorkerToStop(round: Round, worker: string): Promise<void> {
  const { scene } = round;
  const id = scene.idOf(worker);
  await pauseWithJobs(round, worker, false);
  await round.strikesNow();
  const at = monotonicMs();
  const stopped = scene.part(worker).stop();
  await until('unbegun jobs are handed back', async () => (await quickHeld(round, id)) === 0);
  round.figures['handed_back_ms'] = Math.round(monotonicMs() - at);
  await stopped;
  const exitMs = Math.round(monotonicMs() - at);
  round.figures['exit_ms'] = exitMs;
  if (round.figures['handed_back_ms'] > HANDED_BACK_WITHIN_MS) round.violates('handed_back_late');
  if (exitMs > EXIT_WITHIN_MS || scene.part(worker).status().last_end !== 'exit 0')
    round.violates('exit_late_or_wrong');
  await scene.part(worker).start();
}

async function quickHeld({ scene }: Round, id: string): Promise<number> {
  const { rowCount } = await scene.stage.admin.query(
    `SELECT FROM job_queue WHERE status = 'running' AND leased_by = $1
       AND NOT (payload->'plan'->>'slow')::bool`,
    [id],
  );
  return rowCount ?? 0;
}

export const tellAWorkerToStop: Fault = async (round) => {
  await round.untilEnded(0.1);
  await tellWorkerToStop(round, round.random.pick(round.scene.workers));
};

/** One worker's clock is five minutes ahead, another's behind; one of them is killed, too. */
export const shiftClocks: Fault = async (round) => {
  const [ahead = '', behind = ''] = round.scene.workers;
  await Promise.all([
    round.scene.shiftClock(ahead, 5 * 60_000),
    round.scene.shiftClock(behind, -5 * 60_000),
  ]);
  await killWorker(round, round.random.pick([ahead, behind]));
};
