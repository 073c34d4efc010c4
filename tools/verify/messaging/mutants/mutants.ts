import type { Role } from '../actor.ts';
import { killConsumers, killRelaysAndWriters, pauseBroker } from '../faults.ts';
import { FULL_SPEED, type Phase, type PhaseReport, STEADY } from '../phases.ts';

/** A module of the product, in the processes of one role, and the wrong one in its place. */
interface Replacement {
  readonly role: Role;
  readonly library: 'outbox' | 'kafka';
  readonly module: string;
  readonly by: string;
}

/** A wrong design that the phases must notice. */
export interface Mutant {
  readonly name: string;
  readonly replaces: readonly Replacement[];
  /** The phase that meets its weakness. */
  readonly phase: Phase;
  /** What must be seen of it. */
  readonly sign: keyof PhaseReport;
}

const relaysKilled = (events: number, relays: number, writers: number): Phase => ({
  name: 'relays killed',
  events,
  eventsPerSecond: FULL_SPEED,
  fault: killRelaysAndWriters(relays, writers),
  consumers: false,
});

const relay = (by: string): Replacement => ({
  role: 'relay',
  library: 'outbox',
  module: 'outbox-lanes.js',
  by,
});

const consumer = (library: Replacement['library'], module: string, by: string): Replacement => ({
  role: 'consumer',
  library,
  module,
  by,
});

export const mutants: readonly Mutant[] = [
  {
    name: 'skip-locked',
    replaces: [relay('skip-locked-lanes.ts')],
    phase: relaysKilled(5_000, 1, 0),
    sign: 'inversions',
  },
  {
    name: 'wrong-order',
    replaces: [relay('unordered-lanes.ts')],
    phase: relaysKilled(2_000, 0, 0),
    sign: 'inversions',
  },
  {
    name: 'publish-after-commit',
    replaces: [
      { role: 'writer', library: 'outbox', module: 'outbox-rows.js', by: 'no-outbox-rows.ts' },
    ],
    phase: relaysKilled(10_000, 0, 6),
    sign: 'lost',
  },
  {
    name: 'inbox-off',
    replaces: [consumer('outbox', 'inbox.js', 'no-inbox.ts')],
    phase: {
      name: 'broker paused',
      events: 2_000,
      eventsPerSecond: STEADY,
      fault: pauseBroker([4_000]),
      consumers: true,
    },
    sign: 'effects_wrong',
  },
  {
    name: 'offset-before-effect',
    replaces: [
      consumer('outbox', 'consumer-position.js', 'no-fence.ts'),
      consumer('kafka', 'batch-handler.js', 'early-commit.ts'),
    ],
    phase: {
      name: 'consumers killed',
      events: 2_000,
      eventsPerSecond: STEADY,
      fault: killConsumers(3),
      consumers: true,
    },
    sign: 'effects_wrong',
  },
];

/** @throws Error that names the known ones */
export function mutantNamed(name: string): Mutant {
  const found = mutants.find((mutant) => mutant.name === name);
  if (found) return found;
  throw new Error(`no mutant "${name}"; ${mutants.map(({ name }) => name).join(', ')}`);
}
