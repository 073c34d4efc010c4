import { describe, expect, it } from '@jest/globals';
import { newEmailId, newId, newStorageKey } from '@penguinmails/contracts';
import { checkBody } from '@penguinmails/http';
import { ReserveKeyRequest } from '../idempotency/idempotency.requests.js';
import { isPlainReservation } from '../idempotency/plain-claim.js';
import { AcceptEmailRequest } from './email.requests.js';
import { isPlainEmail } from './plain-email.js';

const claim = { key: 'k', method: 'POST', route: '/v1/emails', holder: newId() };
const email = {
  id: newEmailId(),
  storage_key: newStorageKey(),
  from: 'a@b.example',
  to: 'c@d.example',
  subject: 'Hello',
  reply_to: null,
  tags: [],
  scheduled_at: null,
  size_bytes: 100,
  idempotency: claim,
};
const VALUES = [
  undefined,
  null,
  '',
  'text',
  'a\0b',
  'a\nb',
  'x'.repeat(255),
  'x'.repeat(999),
  -1,
  1.5,
  2 ** 31,
  [],
  [1],
  {},
  { name: 'a' },
  { ...claim, more: 1 },
  { ...claim, method: 'GET' },
];

/** Every field with every value, each with a field left out, and one with a field too many. */
const variations = (body: object): object[] => [
  body,
  { ...body, more: 1 },
  { ...body, tenant_id: newId() },
  ...Object.keys(body).flatMap((field) => VALUES.map((value) => ({ ...body, [field]: value }))),
];
const passes = (type: Parameters<typeof checkBody>[0], body: unknown): Promise<boolean> =>
  checkBody(type, structuredClone(body)).then(
    () => true,
    () => false,
  );

describe('the plain form', () => {
  it.each([
    ['acceptance', AcceptEmailRequest, isPlainEmail, email],
    ['reservation', ReserveKeyRequest, isPlainReservation, { ...claim, fingerprint: 'f' }],
  ] as const)(
    'of an %s takes nothing that its declared rules refuse',
    async (_, type, is, body) => {
      expect(is(body)).toBe(true);
      let taken = 0;
      for (const variation of variations(body)) {
        if (!is(variation)) continue;
        taken += 1;
        expect([variation, await passes(type, variation)]).toEqual([variation, true]);
      }
      expect(taken).toBeGreaterThan(5);
    },
  );

  it('is no e-mail of a campaign and none that is complicated', () => {
    for (const change of [
      { id: `${newId().slice(0, -4)}0001` },
      { storage_key: 'cnt_x' },
      { reply_to: 'a@b.example' },
      { tags: [{ name: 'a', value: 'b' }] },
      { scheduled_at: new Date().toISOString() },
    ])
      expect(isPlainEmail({ ...email, ...change })).toBe(false);
  });
});
