import { randomBytes } from 'node:crypto';
import { newId } from '@penguinmails/contracts';
import { describe, expect, it } from '@jest/globals';
import { SealedSecretError, SecretBox } from './secret-box.js';

const newKey = (): string => randomBytes(32).toString('base64');

describe('SecretBox', () => {
  const box = new SecretBox(newKey());
  const owner = { tenantId: newId(), id: newId() };

  it('opens what it sealed, and seals the same text differently each time', () => {
    const sealed = box.seal(owner, 'pässword');
    expect(box.open(owner, sealed)).toBe('pässword');
    expect(sealed.includes('ssword')).toBe(false);
    expect(box.seal(owner, 'pässword').equals(sealed)).toBe(false);
  });

  it('refuses another row, another tenant, another key, a changed byte, a short text', () => {
    const sealed = box.seal(owner, 'secret');
    const changed = Buffer.from(sealed);
    changed[changed.length - 1] ^= 1;
    const openings = [
      () => box.open({ ...owner, id: newId() }, sealed),
      () => box.open({ ...owner, tenantId: newId() }, sealed),
      () => new SecretBox(newKey()).open(owner, sealed),
      () => box.open(owner, changed),
      () => box.open(owner, sealed.subarray(0, 28)),
      () => box.open(owner, Buffer.concat([Buffer.of(2), sealed.subarray(1)])),
    ];
    for (const open of openings) expect(open).toThrow(SealedSecretError);
  });
});
