import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import type { TestEvent } from '@penguinmails/testing';
import type { HandlerLogin } from '../../src/handles-event.js';
import {
  Fixture,
  type Handle,
  recordEffects,
  registryOf,
  sliceOf,
  WITHDRAWN,
  withdrawn,
} from './outbox-fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.create();
});
afterAll(() => fixture.drop());
beforeEach(() => fixture.clear());

const POSITION = 'SELECT next_offset::int AS next, parked FROM consumer_position';
const position = async () => (await fixture.rows(POSITION))[0];
const subjects = (events: readonly TestEvent[]) => events.map(({ subject }) => subject).sort();
const effects = async () => (await fixture.effects()).sort();
const several = (count: number) =>
  Array.from({ length: count }, () => ({ ...withdrawn(newId()), id: newId() }));

// What follows the last slice of a process is begun in one round trip: position, inbox and new position.
describe.each<HandlerLogin>(['app', 'system'])('following slices on the %s login', (login) => {
  const runner = (handle: Handle = recordEffects) =>
    fixture.runner(registryOf(login, { [WITHDRAWN]: handle }));

  it('have each effect once and move the position on, over a gap too', async () => {
    const events = several(6);
    const one = runner();
    await one.run(sliceOf(events.slice(0, 2)));
    await one.run(sliceOf(events.slice(1, 4), 2));
    expect(await position()).toEqual({ next: 5, parked: 0 });
    await one.run(sliceOf(events.slice(4), 9));
    expect(await effects()).toEqual(subjects(events));
    expect(await position()).toEqual({ next: 11, parked: 0 });
  });

  it('change nothing where another consumer is further on', async () => {
    const events = several(8);
    const [one, other] = [runner(), runner()];
    await one.run(sliceOf(events.slice(0, 2)));
    await other.run(sliceOf(events.slice(0, 2)));
    await other.run(sliceOf(events.slice(2, 7), 2));
    const late = sliceOf(events.slice(2, 4), 2);
    await one.run({ ...late, highWatermark: 8n });
    expect(await effects()).toEqual(subjects(events.slice(0, 7)));
    expect(await position()).toEqual({ next: 7, parked: 0 });
    await one.run({ ...sliceOf(events.slice(4), 4), highWatermark: 8n });
    expect(await effects()).toEqual(subjects(events));
    expect(await position()).toEqual({ next: 8, parked: 0 });
  });

  it('start anew when the topic was made anew and is shorter than the position', async () => {
    const [far, first, second] = several(3);
    const one = runner();
    await one.run(sliceOf([first]));
    await runner().run(sliceOf([far], 1000));
    await one.run(sliceOf([second], 1));
    expect(await effects()).toEqual(subjects([far, first, second]));
    expect(await position()).toEqual({ next: 2, parked: 0 });
  });

  it('park what fails and what waits behind it, and count both', async () => {
    const [tenantId, bad] = [newId(), newId()];
    const one = runner(async (events, tx) => {
      await recordEffects(events, tx);
      if (events.some(({ subject }) => subject === bad)) throw new Error('poison');
    });
    const [first, second, third] = several(3);
    await one.run(sliceOf([first]));
    await one.run(sliceOf([withdrawn(tenantId, bad), second], 1));
    expect(await position()).toEqual({ next: 3, parked: 1 });
    await one.run(sliceOf([withdrawn(tenantId, bad), third], 3));
    expect(await position()).toEqual({ next: 5, parked: 2 });
    expect(await effects()).toEqual(subjects([first, second, third]));
  });

  it('leave no trace when the handler fails for a reason of the moment', async () => {
    const events = several(2);
    let failures = 1;
    const one = runner(async (received, tx) => {
      await recordEffects(received, tx);
      if (received.some(({ id }) => id === events[1].id) && failures-- > 0)
        throw Object.assign(new Error('gone'), { code: '08006' });
    });
    await one.run(sliceOf([events[0]]));
    await expect(one.run(sliceOf([events[1]], 1))).rejects.toThrow('gone');
    expect(await position()).toEqual({ next: 1, parked: 0 });
    expect(await fixture.rows('SELECT FROM inbox')).toHaveLength(1);
    await one.run(sliceOf([events[1]], 1));
    expect(await effects()).toEqual(subjects(events));
  });

  it('ask the inbox for nothing that lies behind: it may be too old for it', async () => {
    const events = several(3);
    const one = runner();
    await one.run(sliceOf(events));
    await fixture.admin.query('TRUNCATE inbox');
    await one.run({ ...sliceOf(events.slice(0, 2)), highWatermark: 3n });
    expect(await fixture.rows('SELECT FROM inbox')).toEqual([]);
    expect(await effects()).toEqual(subjects(events));
    expect(await position()).toEqual({ next: 3, parked: 0 });
  });
});
