import { setTimeout as delay } from 'node:timers/promises';
import type { Scene } from './scene.ts';
import { until } from '../until.ts';

/** Does harm while events flow; settles when everything that it harmed is back. */
export type Fault = (scene: Scene, load: Load) => Promise<void>;

/** The events of a phase: from how many committed ones on, and how many more. */
export interface Load {
  readonly from: number;
  readonly events: number;
}

/** Effects that must come between two faults, so that each meets a consumer at work. */
const BETWEEN = 300;

/** kill -9 of a random relay again and again, spread over the writing; sometimes of a writer, too. */
export function killRelaysAndWriters(relayKills: number, writerKills: number): Fault {
  return async (scene, { from, events }) => {
    const kills = relayKills + writerKills;
    for (let n = 1; n <= kills; n += 1) {
      const goal = from + (events * n) / (kills + 1);
      await until('writers go on', async () => (await scene.committed()) >= goal);
      await delay(scene.random.below(50));
      const isWriter = scene.random.below(kills) < writerKills;
      const actor = scene.random.pick(isWriter ? scene.writers : scene.relays);
      await actor.restart();
    }
  };
}

/**
 * kill -9 of a random consumer, spread over what is behind; its partitions move when its session has
 * ended.
 */
export function killConsumers(kills: number): Fault {
  return async (scene) => {
    const behind = (await scene.committed()) - (await scene.effects());
    const between = Math.max(BETWEEN, Math.floor(behind / (kills + 1)));
    for (let n = 0; n < kills; n += 1) {
      await scene.untilEffectsGrowBy(between);
      await delay(scene.random.below(50));
      await scene.random.pick(scene.consumers).restart();
    }
    await scene.untilEffectsGrowBy(between);
  };
}

/**
 * SIGSTOP of a consumer in the middle of a slice, past its session and past its transaction's
 * time-out; it wakes as a member that was expelled and with records that others have done.
 */
export function pauseConsumers(pausesMs: readonly number[]): Fault {
  return async (scene) => {
    for (const pauseMs of pausesMs) {
      await scene.untilEffectsGrowBy(BETWEEN);
      const consumer = scene.random.pick(scene.consumers);
      await scene.pauseInSlice(consumer);
      await delay(pauseMs);
      consumer.resume();
      await scene.untilEffectsGrowBy(BETWEEN);
    }
  };
}

/** A fourth consumer joins and leaves. */
export function rebalance(times: number): Fault {
  return async (scene) => {
    for (let n = 0; n < times; n += 1) {
      await scene.guest.start();
      await scene.untilEffectsGrowBy(BETWEEN);
      await scene.guest.stop();
      await scene.untilEffectsGrowBy(BETWEEN);
    }
  };
}

/** kill -9 of the broker; it is started again at once. */
export function killBroker(times: number): Fault {
  return async (scene) => {
    for (let n = 0; n < times; n += 1) {
      await scene.untilEffectsGrowBy(BETWEEN);
      await scene.stage.broker.kill();
      scene.brokerFaults += 1;
      await scene.stage.broker.start();
      await scene.untilEffectsGrowBy(BETWEEN);
    }
  };
}

/** SIGSTOP of the broker: sends that timed out lie in its sockets and are carried out afterwards. */
export function pauseBroker(pausesMs: readonly number[]): Fault {
  return async (scene) => {
    for (const pauseMs of pausesMs) {
      await scene.untilEffectsGrowBy(BETWEEN);
      scene.stage.broker.pause();
      scene.brokerFaults += 1;
      await delay(pauseMs);
      scene.stage.broker.resume();
      await scene.untilEffectsGrowBy(BETWEEN);
    }
  };
}
