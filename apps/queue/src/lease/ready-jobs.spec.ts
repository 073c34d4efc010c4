import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import { LaneDirectory } from '../lane/lane-directory.js';
import type { LaneLook } from '../lane/lane-look.js';
import { ReadyJobs } from './ready-jobs.js';

const NEVER = new AbortController().signal;
const LONG_MS = 30_000;
const POLL_MS = 1_000;

const opened: ReadyJobs[] = [];
afterEach(() => opened.splice(0).forEach((ready) => ready.onModuleDestroy()));

/** What is waited in, with the notices it sends and the signs it passes on. */
function waitingRoom() {
  const sent: string[] = [];
  let hear: (payload: string) => void = () => undefined;
  let signs = 0;
  const database = {
    listen: (_name: string, onNotice: (payload: string) => void) => {
      hear = onNotice;
      return { send: (payload: string) => sent.push(payload) };
    },
  };
  const look = { sign: () => (signs += 1) } as unknown as LaneLook;
  const ready = new ReadyJobs(database as never, new LaneDirectory(), look);
  ready.onModuleInit();
  opened.push(ready);
  return { ready, sent, hear: (payload: string) => hear(payload), signs: () => signs };
}

/** A hot table of a number; each claim takes one and is counted. */
function table(jobs: number) {
  const claims: number[] = [];
  return {
    claims,
    put: (more: number) => (jobs += more),
    attempt: {
      nextTry: () => performance.now() + POLL_MS,
      claim: async () => {
        claims.push(performance.now());
        return jobs > 0 ? [jobs--] : [];
      },
    },
  };
}

describe('waiting for ready jobs', () => {
  it('gives what is there at once', async () => {
    const { ready } = waitingRoom();
    const { attempt } = table(1);
    await expect(ready.take(LONG_MS, NEVER, attempt)).resolves.toEqual([1]);
  });

  it('answers with nothing when the wait is over', async () => {
    const { ready } = waitingRoom();
    const { attempt } = table(0);
    await expect(ready.take(20, NEVER, attempt)).resolves.toEqual([]);
  });

  it('is woken by a commit, well before the next try', async () => {
    const { ready, sent } = waitingRoom();
    const { attempt, claims, put } = table(0);
    // The wait is over before the next try: only the wake-up can find the job.
    const waiting = ready.take(POLL_MS / 2, NEVER, attempt);
    await eventually(() => claims.length === 1);
    put(1);
    ready.wake([{ tenantId: 't', type: 'send_email', rateKey: '', priority: 0 }]);
    await expect(waiting).resolves.toEqual([1]);
    expect(sent).toHaveLength(1);
  });

  it('sees a commit that happened while a claim was under way', async () => {
    const { ready } = waitingRoom();
    let first = true;
    const taken = await ready.take(POLL_MS / 2, NEVER, {
      nextTry: () => Infinity,
      claim: async () => {
        if (!first) return ['late'];
        first = false;
        ready.wake();
        return [];
      },
    });
    expect(taken).toEqual(['late']);
  });

  it('tries again by itself when something falls due', async () => {
    const { ready } = waitingRoom();
    const { attempt, put, claims } = table(0);
    const waiting = ready.take(LONG_MS, NEVER, {
      ...attempt,
      nextTry: () => performance.now() + 5,
    });
    await eventually(() => claims.length > 2);
    put(1);
    await expect(waiting).resolves.toEqual([1]);
  });

  it('follows a sign of another replica and not its own', async () => {
    const { ready, sent, hear, signs } = waitingRoom();
    ready.wake([{ tenantId: 't', type: 'send_email', rateKey: '', priority: 0 }]);
    hear(sent[0]);
    expect(signs()).toBe(0);
    hear('another');
    expect(signs()).toBe(1);
  });

  it('leaves the line when its worker hangs up, and when the process goes', async () => {
    const { ready } = waitingRoom();
    const hangUp = new AbortController();
    const { attempt, claims } = table(0);
    const patient = { ...attempt, nextTry: () => Infinity };
    const waiting = [
      ready.take(LONG_MS, hangUp.signal, patient),
      ready.take(LONG_MS, NEVER, patient),
    ];
    await eventually(() => claims.length === 2);
    hangUp.abort();
    await expect(waiting[0]).resolves.toEqual([]);
    ready.onModuleDestroy();
    await expect(waiting[1]).resolves.toEqual([]);
  });
});
