import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@penguinmails/contracts';
import type { NewJob } from './new-jobs.ts';
import type { Round, RoundPlan } from './round.ts';
import { monotonicMs } from './worker/journal-line.ts';

const LOOK_EVERY_MS = 50;
/** Twenty leases, after each the wait of a job that loses one again and again, and something on top. */
const AGAIN_WITHIN_MS = 11_000;
const BURIED_WITHIN_MS = 60_000;

/** A job that kills whoever begins it. It is buried; all others end. */
export const poisonRound: Omit<RoundPlan, 'jobs'> = {
  name: 'poison job',
  fault: poison,
  more: () => [poisonJob()],
};

function poisonJob(): NewJob {
  const plan = { work_ms: 0, slow: false, defers: 0, ends: 'delivered', poison: true } as const;
  return { tenantId: newId(), id: newId(), priority: 0, rateKey: newId(), maxAttempts: 12, plan };
}

async function poison(round: Round): Promise<void> {
  const { leaseMs, leaseLossLimit } = round.scene.limits;
  const until = monotonicMs() + leaseLossLimit * (leaseMs + AGAIN_WITHIN_MS) + BURIED_WITHIN_MS;
  const [victim] = round.jobs;
  while (victim && !(await hasEnded(round, victim.id))) {
    await Promise.all(round.scene.workers.map((worker) => raise(round, worker)));
    if (monotonicMs() > until) return;
    await delay(LOOK_EVERY_MS);
  }
}

async function raise(round: Round, worker: string): Promise<void> {
  const { scene } = round;
  if (scene.part(worker).status().state !== 'dead') return;
  const held = await round.heldBy(worker);
  round.struck({ worker: scene.idOf(worker), at: monotonicMs(), held, forGood: true });
  await scene.part(worker).start();
}

async function hasEnded({ scene }: Round, id: string): Promise<boolean> {
  const { rowCount } = await scene.stage.admin.query('SELECT FROM job_history WHERE id = $1', [id]);
  return (rowCount ?? 0) > 0;
}
