import type { SourceChange } from '../../mutants/source-change.ts';
import type { App } from '../../stack/ports.ts';
import { queryOnce } from '../../stack/postgres/query.ts';
import { durabilityFaults } from '../durability.ts';
import { countTwice } from '../probes/duplicates.ts';
import { finishLate } from '../probes/fencing.ts';
import { type RoundSettings, runRound } from '../round.ts';
import { outageOf } from '../scenarios/queue-outage.ts';
import { noFencing, noInbox, outageAgesLeases, publishAfterCommit } from './changes.ts';

/** A guard taken away, and the run that must notice. */
export interface Mutant {
  name: string;
  /** What an app is started with. */
  preload?: { app: App; changes: readonly SourceChange[] };
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
  { name: 'no fencing', preload: { app: 'queue', changes: noFencing }, run: finishLate },
  { name: 'no inbox', preload: { app: 'olap', changes: [noInbox] }, run: countTwice },
  {
    name: 'outage of the queue ages leases',
    preload: { app: 'queue', changes: [outageAgesLeases] },
    run: queueOutage,
  },
  {
    name: 'publish after commit',
    preload: { app: 'oltp', changes: publishAfterCommit },
    run: roundOf('oltp'),
  },
  { name: 'synchronous_commit off', run: loseCommits },
];
