import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseChaosOptions } from './chaos.config.ts';
import { apps } from '../stack/ports.ts';
import { textOf } from './client/load.ts';
import { faults, schedule } from './faults.ts';
import type { Facts } from './judge/fact-types.ts';
import { type Expected, judge } from './judge/judge.ts';
import { Ledger } from './ledger.ts';
import { seeded } from './random.ts';

const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

describe('the schedule', () => {
  const replicas = (target: string) => [target, `${target}-2`];
  const planned = (seed: number, rounds = faults.length) =>
    schedule(rounds, seeded(seed), replicas);

  it('is decided by the seed', () => {
    expect(planned(5)).toEqual(planned(5));
    expect(planned(5)).not.toEqual(planned(6));
  });

  it('has every fault once before any comes again', () => {
    const names = planned(1).map(({ name }) => name);
    expect(new Set(names).size).toBe(faults.length);
    expect(planned(1, faults.length + 3)).toHaveLength(faults.length + 3);
  });

  it('hits every part, by kill and by pause, and leases by a pause that is longer', () => {
    const names = faults.map(({ name }) => name);
    expect(names).toHaveLength(2 * (7 + 5 + 2) + 3);
    expect(names).toEqual(expect.arrayContaining(['olap-db-kill', 'kafka-pause', 'smtp-kill']));
    expect(faults.find(({ name }) => name === 'worker-pause-long')?.pauseMs).toBeGreaterThan(
      30_000,
    );
  });

  it('refuses a fault that it does not know', () => {
    expect(() => schedule(1, seeded(1), replicas, ['smtp-kill', 'sun'])).toThrow(
      /no fault "sun"; gateway-kill/,
    );
  });
});

describe('options', () => {
  it('are rounds, a seed and how much mail', () => {
    expect(parseChaosOptions(['--rounds', '7', '--seed', '3', '--emails', '300'])).toMatchObject({
      rounds: 7,
      seed: 3,
      emails: 300,
      inFlight: 1000,
    });
    expect(() => parseChaosOptions(['--rounds', 'many'])).toThrow(/--rounds is a number/);
  });

  it('take drains beside faults, or all drains and no round', () => {
    const some = parseChaosOptions(['--only', 'kafka-kill,oltp-drain', '--rounds', '2']);
    expect(some).toMatchObject({ rounds: 2, only: ['kafka-kill'], drains: ['oltp'] });
    expect(parseChaosOptions(['--only', 'oltp-drain'])).toMatchObject({ rounds: 0, only: [] });
    expect(parseChaosOptions(['--drain'])).toMatchObject({ rounds: 0, drains: apps });
    expect(parseChaosOptions([])).toMatchObject({ rounds: 1, drains: [] });
    expect(() => parseChaosOptions(['--only', 'sun-drain'])).toThrow(/no app "sun"/);
    expect(() => parseChaosOptions(['--drain', '--only', 'oltp-drain'])).toThrow(/all apps/);
  });
});

describe('the ledger', () => {
  it('has a line on the disk before it lets the request go, also under many at once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'chaos-spec-'));
    directories.push(directory);
    const file = join(directory, 'ledger.jsonl');
    const ledger = await Ledger.open(file);
    const lines = () => readFileSync(file, 'utf8');
    const keys = Array.from({ length: 50 }, (_, n) => `key-${n}`);
    await Promise.all(
      keys.map(async (key) => {
        await ledger.try({ key, tenantId: 't', to: `${key}@x.test` });
        expect(lines()).toContain(`{"tried":"${key}"`);
        await ledger.ack(key, `id-${key}`);
        expect(lines()).toContain(`{"acked":"${key}","id":"id-${key}"}`);
      }),
    );
    await ledger.close();
    expect(lines().trim().split('\n')).toHaveLength(100);
    expect(ledger.acked.get('key-7')).toBe('id-key-7');
  });
});

describe('the judge', () => {
  const KEYS = ['a', 'b'];
  const expected = (changes: Partial<Expected> = {}): Expected => ({
    tried: KEYS.map((key) => ({ key, tenantId: 't', to: `${key}@x.test` })),
    acked: new Map(KEYS.map((key) => [key, `id-${key}`])),
    inFlightAtWorker: 0,
    ...changes,
  });
  /** Everything as it should be after two e-mails. */
  const sound = (): Facts => ({
    emails: KEYS.map((key) => ({
      id: `id-${key}`,
      tenantId: 't',
      recipient: `${key}@x.test`,
      status: 'delivered',
      messageId: `<${key}>`,
      storageKey: `cnt_${key}`,
      wasSent: true,
    })),
    contents: KEYS.map((key) => ({
      storageKey: `cnt_${key}`,
      state: 'attached',
      text: textOf(key),
    })),
    jobs: KEYS.map((key) => ({
      id: `id-${key}`,
      status: 'completed',
      outcome: 'delivered',
      attempts: 1,
      maxAttempts: 12,
      leaseLosses: 0,
      unknowns: 0,
      tries: 1,
    })),
    hot: [],
    counters: {
      'activity.accepted': 2,
      'activity.sent': 2,
      'activity.delivered': 2,
      'billing.sent': 2,
      'billing.delivered': 2,
      'summary.delivered': 2,
    },
    backlog: { outbox: 0, parked: 0, dead: 0 },
    arrivals: KEYS.map((key) => ({
      message_id: `<${key}>`,
      received_at: '',
      to: [`${key}@x.test`],
      outcome: 'accepted',
    })),
  });
  /** The facts after something went wrong with them. */
  const after = (damage: (facts: Facts) => void): Facts => {
    const facts = sound();
    damage(facts);
    return facts;
  };
  const first = <T>(list: T[]): T => {
    if (list[0] === undefined) throw new Error('empty');
    return list[0];
  };
  const twice = <T>(list: T[]): void => void list.push(structuredClone(first(list)));
  const hotJob = (overdue: boolean) => ({
    id: 'id-a',
    status: 'running' as const,
    leasedBy: 'w',
    attempts: 0,
    unknowns: 0,
    leaseLosses: 0,
    overdue,
  });

  it('finds nothing where nothing is', () => {
    expect(judge(expected(), sound())).toEqual({
      acked: 2,
      lost: 0,
      ghosts: 0,
      secondCopies: 0,
      allowedCopies: 0,
      unknown: 0,
      leaseLosses: 0,
      violations: [],
    });
  });

  it.each<[string, (facts: Facts) => void]>([
    ['not_in_oltp', (facts) => facts.emails.shift()],
    ['not_in_oltp', (facts) => (first(facts.emails).recipient = 'b@x.test')],
    ['ended_queued', (facts) => (first(facts.emails).status = 'queued')],
    ['ended_failed', (facts) => (first(facts.emails).status = 'failed')],
    ['job_not_finished', (facts) => facts.jobs.shift()],
    ['body_not_attached', (facts) => (first(facts.contents).state = 'pending')],
    ['body_differs', (facts) => (first(facts.contents).text = textOf('b'))],
    ['no_copy', (facts) => facts.arrivals.shift()],
  ])('an acknowledged e-mail is lost: %s', (kind, damage) => {
    const { lost, violations } = judge(expected(), after(damage));
    expect(lost).toBe(1);
    expect(violations.join()).toContain(kind);
  });

  it.each<[string, (facts: Facts) => void]>([
    ['email_never_tried', (facts) => (first(facts.emails).recipient = 'nobody@x.test')],
    ['accepted_twice', (facts) => twice(facts.emails)],
    ['job_of_none', (facts) => (first(facts.jobs).id = 'other')],
    ['body_of_none', (facts) => (first(facts.contents).storageKey = 'cnt_other')],
    ['copy_of_none', (facts) => (first(facts.arrivals).message_id = '<other>')],
  ])('a ghost: %s', (kind, damage) => {
    const { ghosts, violations } = judge(expected(), after(damage));
    expect(ghosts).toBeGreaterThan(0);
    expect(violations.join()).toContain(kind);
  });

  it.each<[string, (facts: Facts) => void]>([
    ['job_ended_twice', (facts) => twice(facts.jobs)],
    ['too_many_attempts', (facts) => Object.assign(first(facts.jobs), { attempts: 13, tries: 13 })],
    ['tries_miscounted', (facts) => (first(facts.jobs).tries = 2)],
    ['lease_overdue', (facts) => facts.hot.push(hotJob(true))],
    ['job_unfinished', (facts) => facts.hot.push(hotJob(false))],
    ['outbox', (facts) => (facts.backlog.outbox = 1)],
    ['parked', (facts) => (facts.backlog.parked = 1)],
    ['dead', (facts) => (facts.backlog.dead = 1)],
    [
      'counter billing.delivered: 1 (3 instead of 2)',
      (facts) => (facts.counters['billing.delivered'] = 3),
    ],
    [
      'counter summary.delivered: 1 (1 instead of 2)',
      (facts) => (facts.counters['summary.delivered'] = 1),
    ],
  ])('a figure that is wrong: %s', (kind, damage) => {
    expect(judge(expected(), after(damage)).violations.join()).toContain(kind);
  });

  it('allows a second copy after an unknown outcome or a crash of the worker, and no third', () => {
    const copies = (count: number) =>
      after((facts) => {
        for (let n = 0; n < count; n += 1) twice(facts.arrivals);
      });
    expect(judge(expected(), copies(1)).violations.join()).toContain('second_copies: 1 (1>0)');
    expect(judge(expected({ inFlightAtWorker: 1 }), copies(1)).violations).toEqual([]);
    const unknown = copies(1);
    Object.assign(first(unknown.jobs), { unknowns: 1, attempts: 2, tries: 2 });
    expect(judge(expected(), unknown).violations).toEqual([]);
    expect(judge(expected({ inFlightAtWorker: 1 }), copies(2)).violations).not.toEqual([]);
  });

  it('says when a request never got its 2xx', () => {
    const acked = new Map([['a', 'id-a']]);
    expect(judge(expected({ acked }), sound()).violations.join()).toContain(
      'never_accepted: 1 (b)',
    );
  });
});
