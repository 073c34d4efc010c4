import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { nodePath, root } from '../../stack/repository.ts';
import { killBroker, killConsumers, killRelaysAndWriters } from './faults.ts';
import { faultsOf, type Phase, STEADY } from './phases.ts';
import { verifyRun } from './verify-run.ts';

const WITHIN_MS = 900_000;

const consuming = { events: 500, eventsPerSecond: STEADY, consumers: true };

const phases: Phase[] = [
  {
    name: 'relays killed',
    events: 4_000,
    // Not at full speed: what is written until the kills are done has to be consumed as well.
    eventsPerSecond: 2_000,
    fault: killRelaysAndWriters(3, 1),
    consumers: false,
  },
  { ...consuming, name: 'consumers killed', fault: killConsumers(1) },
  { ...consuming, name: 'broker killed', fault: killBroker(1) },
];

/** The processes under test run what is built. */
beforeAll(async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(nodePath, [tsc, '-b', 'libs/outbox'], { cwd: root });
}, WITHIN_MS);

/** The short form of `npm run verify:messaging`. */
describe('12 writers, three relays, three consumers', () => {
  test(
    'lose, repeat and reorder nothing while relays, consumers and the broker are killed',
    async () => {
      const reports = await verifyRun({ seed: 7, phases, preloads: {} });
      expect(reports.map((report) => [report.phase, faultsOf(report)])).toEqual(
        phases.map(({ name }) => [name, []]),
      );
      const [last] = reports.slice(-1);
      expect(last).toMatchObject({ lost: 0, inversions: 0, effects_wrong: 0, lag: 0 });
      expect(last?.events).toBeGreaterThanOrEqual(5_000);
      expect(last?.kills).toBeGreaterThanOrEqual(6);
    },
    WITHIN_MS,
  );
});
