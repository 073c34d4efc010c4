import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Lane, type LanePlace } from './lane.js';
import { type FoundLane, LaneDirectory, type PlannedLane } from './lane-directory.js';

const TYPES = ['send_email'];
const lane = (tenantId: string, more: Partial<Lane> = {}): Lane => ({
  tenantId,
  type: 'send_email',
  rateKey: '',
  priority: 0,
  ...more,
});
const place = (second: number, id = 'b'): LanePlace => ({
  at: `2026-11-23 02:00:${String(second).padStart(2, '0')}`,
  id,
});
const found = (of: Lane, head: LanePlace, dueInMs = -1): FoundLane => ({ ...of, head, dueInMs });

let now: number;
let directory: LaneDirectory;
beforeEach(() => {
  now = 1_000;
  directory = new LaneDirectory(() => now);
});

const shares = (planned: readonly PlannedLane[]) =>
  planned.map(({ quota }) => [quota.tenantId, quota.most]);
const plan = (max: number) => directory.plan(TYPES, max);
const settleAll = (planned: readonly PlannedLane[], taken = 0) =>
  planned.forEach((each) => directory.settle(each, taken, null));

describe('the directory of lanes', () => {
  it('plans nothing of which it knows nothing', () => {
    expect(plan(500)).toEqual([]);
    expect(directory.nextOpening(TYPES)).toBe(Infinity);
  });

  it('shares a claim equally among tenants, the remainder to the first', () => {
    directory.wake(['a', 'b', 'c'].map((tenant) => lane(tenant)));
    expect(shares(plan(500))).toEqual([
      ['a', 167],
      ['b', 167],
      ['c', 166],
    ]);
  });

  it('serves tenants in turn when there are more of them than jobs', () => {
    directory.wake(['a', 'b', 'c'].map((tenant) => lane(tenant)));
    const first = plan(2);
    first.forEach((each) => directory.settle(each, 1, place(1)));
    expect(shares(first)).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(shares(plan(2))).toEqual([
      ['c', 1],
      ['a', 1],
    ]);
  });

  it("divides a tenant's part among its mailboxes of the highest priority", () => {
    directory.wake([
      lane('a', { rateKey: 'm1', priority: 5 }),
      lane('a', { rateKey: 'm2', priority: 5 }),
      lane('a', { rateKey: 'm3' }),
    ]);
    const planned = plan(10).map(({ quota }) => [quota.rateKey, quota.most]);
    expect(planned).toEqual([
      ['m1', 5],
      ['m2', 5],
    ]);
  });

  it('leaves a lane that is being read to the claim that reads it', () => {
    directory.wake([lane('a')]);
    const [first] = plan(500);
    expect(plan(500)).toEqual([]);
    directory.release([first]);
    expect(plan(500)).toHaveLength(1);
  });

  it('lets only the claim that reads a lane end its reading', () => {
    directory.wake([lane('a')]);
    const [first] = plan(2);
    directory.settle(first, 2, place(1));
    const [second] = plan(2);
    directory.release([first]);
    directory.settle(first, 0, null);
    expect(plan(2)).toEqual([]);
    directory.release([second]);
    expect(plan(2)).toHaveLength(1);
  });

  it('leaves types out that nobody asked for', () => {
    directory.wake([lane('a', { type: 'maintenance' })]);
    expect(plan(500)).toEqual([]);
    expect(directory.nextOpening(TYPES)).toBe(Infinity);
  });

  it('reads on behind the last job that was taken', () => {
    directory.wake([lane('a')]);
    const [first] = plan(2);
    directory.settle(first, 2, place(7));
    expect(plan(2)[0].quota.after).toEqual(place(7));
  });

  it('closes a lane that was read to its end, until a sign or a look', () => {
    directory.wake([lane('a')]);
    settleAll(plan(2));
    expect(plan(2)).toEqual([]);
    directory.wake([lane('a')]);
    settleAll(plan(2));
    directory.replace([found(lane('a'), place(1))], directory.beforeLook());
    expect(plan(2)).toHaveLength(1);
  });

  it('keeps a lane open for which a sign came while it was being read', () => {
    directory.wake([lane('a')]);
    const planned = plan(2);
    directory.wake([lane('a')]);
    settleAll(planned);
    expect(plan(2)).toHaveLength(1);
  });

  it('goes back to the front, or to the time of the new job, when something becomes ready', () => {
    directory.wake([lane('a')]);
    directory.settle(plan(1)[0], 1, place(7));
    directory.wake([lane('a')], place(5).at);
    const [again] = plan(1);
    expect(again.quota.after?.at).toBe(place(5).at);
    directory.settle(again, 1, place(9));
    directory.wake([lane('a')], place(30).at);
    const [third] = plan(1);
    expect(third.quota.after).toEqual(place(9));
    directory.wake([lane('a')]);
    directory.settle(third, 1, place(10));
    expect(plan(1)[0].quota.after).toBeNull();
  });

  it('takes from a look where the first job is, when it is due, and which lanes are empty', () => {
    directory.wake([lane('a'), lane('b'), lane('gone')]);
    const [first, ...others] = plan(500);
    directory.settle(first, 167, place(20));
    directory.release(others);
    const look = directory.beforeLook();
    directory.replace([found(lane('a'), place(3)), found(lane('b'), place(9), 500)], look);
    const planned = plan(500);
    expect(planned.map(({ quota }) => quota.tenantId)).toEqual(['a']);
    expect(planned[0].quota.after!.at).toBe(place(3).at);
    expect(directory.nextOpening(TYPES)).toBe(now + 500);
    now += 500;
    expect(plan(500).map(({ quota }) => quota.tenantId)).toEqual(['b']);
  });

  it('believes a sign more than a look that began before it', () => {
    const look = directory.beforeLook();
    directory.wake([lane('a'), lane('b')]);
    directory.replace([found(lane('b'), place(9), 60_000)], look);
    expect(plan(500).map(({ quota }) => quota.tenantId)).toEqual(['a', 'b']);
  });

  it('holds a lane whose limit is used up, through signs and looks', () => {
    directory.wake([lane('a')]);
    directory.hold(plan(1)[0], 200);
    directory.wake([lane('a')]);
    directory.replace([found(lane('a'), place(1))], directory.beforeLook());
    expect(plan(1)).toEqual([]);
    expect(directory.nextOpening(TYPES)).toBe(now + 200);
    now += 200;
    expect(plan(1)).toHaveLength(1);
  });
});
