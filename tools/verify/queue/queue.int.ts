import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { nodePath, root } from '../../stack/repository.ts';
import { RULE_REPLICAS } from './catch-mutant.ts';
import { rules } from './conformance/conformance.ts';
import { shortForm } from './form.ts';
import { verifyQueue } from './run.ts';

const WITHIN_MS = 900_000;

/** The processes under test run what is built. */
beforeAll(async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(nodePath, [tsc, '-b', 'apps/queue', 'apps/worker'], { cwd: root });
}, WITHIN_MS);

/** The short form of `npm run verify:queue`. */
describe('the queue', () => {
  test(
    'keeps every rule, three replicas side by side, and loses nothing while its parts are hurt',
    async () => {
      const run = { form: shortForm, seed: 7, mutant: [], replicas: [RULE_REPLICAS], faults: true };
      const verdict = await verifyQueue(run);
      expect(verdict.violations).toEqual([]);
      expect(verdict.rules).toHaveLength(rules.length);
      const jobs = verdict.rounds.reduce((sum, round) => sum + round.jobs, 0);
      expect(jobs).toBeGreaterThanOrEqual(shortForm.jobs);
      expect(verdict.rounds.every(({ runningAtFaults }) => runningAtFaults > 0)).toBe(true);
    },
    WITHIN_MS,
  );
});
