import {
  killDatabase,
  killReplicas,
  killWorker,
  killWorkers,
  queueAway,
  restartDatabase,
  shiftClocks,
  stopAReplica,
  stopAWorker,
  stopWorker,
  takeQueueAway,
  tellAWorkerToStop,
  tellWorkerToStop,
  terminateBackends,
} from './faults.ts';
import type { Form } from './form.ts';
import { poisonRound } from './poison.ts';
import type { Round, RoundPlan } from './round.ts';

/** Sessions that were cut off, also by the death of their replica, and a server that stops or starts. */
const CUT =
  /terminating connection|the database system is|could not receive|due to administrator|connection to client lost/;
/** A stopped service keeps its locks until PostgreSQL ends its transaction. */
const HELD_UP = /lock timeout|idle-in-transaction timeout|statement timeout|terminating connection/;

/** The faults one after another, each with its part of the jobs. */
export function longRounds({ jobs, kills }: Form): RoundPlan[] {
  const plans: Omit<RoundPlan, 'jobs'>[] = [
    { name: 'workers killed', fault: killWorkers(kills) },
    { name: 'worker stopped', fault: stopAWorker, meetsFence: true },
    {
      name: 'replicas killed',
      fault: killReplicas(kills),
      expectedErrors: CUT,
      losesAnswers: true,
    },
    { name: 'replica stopped', fault: stopAReplica, expectedErrors: HELD_UP, losesAnswers: true },
    { name: 'queue away', fault: queueAway, expectedErrors: CUT, losesAnswers: true },
    {
      name: 'backends terminated',
      fault: terminateBackends(kills),
      expectedErrors: CUT,
      losesAnswers: true,
    },
    { name: 'database restarted', fault: restartDatabase, expectedErrors: CUT, losesAnswers: true },
    { name: 'database killed', fault: killDatabase, expectedErrors: CUT, losesAnswers: true },
    { name: 'worker told to stop', fault: tellAWorkerToStop },
    { name: 'clocks shifted', fault: shiftClocks },
    poisonRound,
  ];
  return plans.map((plan) => ({ ...plan, jobs: Math.ceil(jobs / plans.length) }));
}

/** The same faults side by side, in two rounds; without those that take long to recover from. */
export function shortRounds({ jobs }: Form): RoundPlan[] {
  return [
    { name: 'workers', jobs: jobs / 2, fault: hurtWorkers, meetsFence: true },
    { name: 'queue', jobs: jobs / 2, fault: hurtQueue, expectedErrors: CUT, losesAnswers: true },
  ];
}

/** One is killed, one stopped past its leases; the third is told to stop. */
async function hurtWorkers(round: Round): Promise<void> {
  const [first = '', second = '', third = ''] = round.scene.workers;
  await round.untilEnded(0.05);
  const stopped = stopWorker(round, first);
  await killWorker(round, second);
  await tellWorkerToStop(round, third);
  await stopped;
}

/** Sessions are cut, a replica is killed, then there is none for longer than a lease. */
async function hurtQueue(round: Round): Promise<void> {
  await terminateBackends(1)(round);
  await takeQueueAway(round);
}
