import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readStackFile } from '../../stack/stack-file.ts';
import { stackFileOfEnvironment } from '../verify.config.ts';
import { kafkaProbes } from './kafka.ts';
import { type LiveProbe, runProbes, short } from './probe.ts';
import { restProbes } from './rest.ts';
import { openWorld, type World } from './world.ts';

/** The short form of the REST and Kafka parts of `npm run verify:isolation`, in the e2e stage. */
describe('two tenants of a running product', () => {
  let world: World;

  beforeAll(async () => {
    const stack = readStackFile(dirname(stackFileOfEnvironment()));
    if (!stack) throw new Error('no stack runs');
    world = await openWorld(stack);
  });
  afterAll(() => world.deadLetters.stop());

  const named = (probes: readonly LiveProbe[]) =>
    probes.map((probe) => [probe.numbers.join(', '), probe.name, probe] as const);

  test.each(named([...restProbes, ...kafkaProbes]))('probe %s: %s', async (_n, _name, probe) => {
    expect(await runProbes([probe], world, short)).toEqual([]);
  });
});
