import type { App } from '../../stack/ports.ts';
import { queryOnce } from '../../stack/postgres/query.ts';
import { durabilityFaults } from '../durability.ts';
import { countTwice } from '../probes/duplicates.ts';
import { finishLate } from '../probes/fencing.ts';
import { type RoundSettings, runRound } from '../round.ts';
import { outageOf } from '../scenarios/queue-outage.ts';

/** A guard taken away, and the run that must notice. */
export interface Mutant {
  name: string;
  /** App that loads `<file>.ts` of this folder before its own modules. */
  preload?: { app: App; file: string };
  /** Everything that the harness found wrong. */
  run(settings: RoundSettings): Promise<string[]>;
}

const SMALL = { emails: 260, inFlight: 150, settledWithinMs: 25_000 };

const roundOf =
  (target: string) =>
  async (settings: RoundSettings): Promise<string[]> => {
    const fault = { name: `${target}-kill`, target, part: target, pauseMs: 0 };
    return (await runRound({ ...settings, ...SMALL }, 1, fault)).violations;
  };

const queueOutage = async (settings: RoundSettings): Promise<string[]> => {
  const fault = { name: 'queue-outage', target: 'queue', part: 'queue', pauseMs: 0 };
  const blow = outageOf(settings.stack, settings.stack.replicasOf('queue'));
  return (await runRound({ ...settings, ...SMALL }, 1, fault, blow)).violations;
};

/** What is acknowledged is no longer on the disk; new connections only. */
async function loseCommits(settings: RoundSettings): Promise<string[]> {
  const { stack } = settings;
  const { admin_url } = stack.describe().databases.oltp;
  for (const role of ['oltp_app', 'oltp_system'])
    await queryOnce(admin_url, `ALTER ROLE ${role} SET synchronous_commit = off`);
  await stack.tell('kill', 'oltp');
  await stack.untilReady('oltp');
  return [...(await roundOf('oltp-db')(settings)), ...(await durabilityFaults(stack))];
}

export const mutants: readonly Mutant[] = [
  {
    name: 'none',
    run: async (settings) => [...(await finishLate(settings)), ...(await countTwice(settings))],
  },
  { name: 'no fencing', preload: { app: 'queue', file: 'no-fencing' }, run: finishLate },
  { name: 'no inbox', preload: { app: 'olap', file: 'no-inbox' }, run: countTwice },
  {
    name: 'outage of the queue ages leases',
    preload: { app: 'queue', file: 'outage-ages-leases' },
    run: queueOutage,
  },
  {
    name: 'publish after commit',
    preload: { app: 'oltp', file: 'publish-after-commit' },
    run: roundOf('oltp'),
  },
  { name: 'synchronous_commit off', run: loseCommits },
];
