import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LaneDirectory } from '../lane/lane-directory.js';
import type { LaneLook } from '../lane/lane-look.js';
import { ReadyJobs } from './ready-jobs.js';

const NEVER = new AbortController().signal;
const LONG_MS = 30_000;
const POLL_MS = 1_000;

const opened: ReadyJobs[] = [];
beforeEach(() => void jest.useFakeTimers());
afterEach(() => {
  opened.splice(0).forEach((ready) => ready.onModuleDestroy());
  jest.useRealTimers();
});

/** What has come by now: promises, and timers of no time. */
const settled = () => jest.advanceTimersByTimeAsync(0);

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
    const waiting = ready.take(20, NEVER, attempt);
    await jest.advanceTimersByTimeAsync(20);
    await expect(waiting).resolves.toEqual([]);
  });

  it('is woken by a commit, before any time has passed', async () => {
    const { ready, sent } = waitingRoom();
    const { attempt, claims, put } = table(0);
    const waiting = ready.take(LONG_MS, NEVER, attempt);
    await settled();
    put(1);
    ready.wake([{ tenantId: 't', type: 'send_email', rateKey: '', priority: 0 }]);
    await settled();
    expect(claims).toHaveLength(2);
    await expect(waiting).resolves.toEqual([1]);
    expect(sent).toHaveLength(1);
  });

  it('sees a commit that happened while a claim was under way', async () => {
    const { ready } = waitingRoom();
    let claims = 0;
    const waiting = ready.take(LONG_MS, NEVER, {
      nextTry: () => Infinity,
      claim: async () => {
        claims += 1;
        if (claims > 1) return ['late'];
        ready.wake();
        return [];
      },
    });
    await settled();
    expect(claims).toBe(2);
    await expect(waiting).resolves.toEqual(['late']);
  });

  it('tries again by itself when something falls due', async () => {
    const { ready } = waitingRoom();
    const { attempt, put, claims } = table(0);
    const waiting = ready.take(LONG_MS, NEVER, attempt);
    await jest.advanceTimersByTimeAsync(2 * POLL_MS);
    expect(claims).toHaveLength(3);
    put(1);
    await jest.advanceTimersByTimeAsync(POLL_MS);
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
    await settled();
    expect(claims).toHaveLength(2);
    hangUp.abort();
    await expect(waiting[0]).resolves.toEqual([]);
    ready.onModuleDestroy();
    await expect(waiting[1]).resolves.toEqual([]);
  });
});
