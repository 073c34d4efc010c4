import { describe, expect, it } from '@jest/globals';
import { UploadGate } from './upload-gate.js';

const patient = { bytesAtOnce: 100, waitMs: 60_000 };

/** Whether a body is inside by now. */
async function isInside(entering: Promise<unknown>): Promise<boolean> {
  const later = new Promise<false>((resolve) => setImmediate(() => resolve(false)));
  return Promise.race([entering.then(() => true), later]);
}

describe('the upload gate', () => {
  it('lets in what fits and keeps the rest in order', async () => {
    const gate = new UploadGate(patient);
    const leaveFirst = await gate.enter(60);
    const leaveSecond = await gate.enter(40);
    const [third, fourth] = [gate.enter(50), gate.enter(1)];
    expect(await isInside(third)).toBe(false);
    leaveSecond();
    // The fourth would fit, but came later.
    expect([await isInside(third), await isInside(fourth)]).toEqual([false, false]);
    leaveFirst();
    expect([await isInside(third), await isInside(fourth)]).toEqual([true, true]);
  });

  it('lets in a body larger than all its room, alone', async () => {
    const gate = new UploadGate(patient);
    const leave = await gate.enter(1);
    const large = gate.enter(500);
    expect(await isInside(large)).toBe(false);
    leave();
    const leaveLarge = await large;
    const next = gate.enter(1);
    expect(await isInside(next)).toBe(false);
    leaveLarge();
    expect(await isInside(next)).toBe(true);
  });

  it('gives room back once only', async () => {
    const gate = new UploadGate(patient);
    const leave = await gate.enter(60);
    await gate.enter(40);
    leave();
    leave();
    await gate.enter(60);
    expect(await isInside(gate.enter(1))).toBe(false);
  });

  it('refuses what waited too long, and lets the next one in that fits', async () => {
    const gate = new UploadGate({ bytesAtOnce: 100, waitMs: 20 });
    await gate.enter(60);
    const large = gate.enter(90);
    const small = gate.enter(40);
    await expect(large).rejects.toMatchObject({ status: 429, code: 'uploads_at_capacity' });
    expect(await isInside(small)).toBe(true);
  });
});
