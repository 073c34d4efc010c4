import { describe, expect, it } from '@jest/globals';
import { checkBody } from '@penguinmails/http';
import { isPlainMessage } from './plain-message.js';
import { SendEmailRequest } from './send-email.request.js';

const message = {
  from: 'a@b.example',
  to: 'c@d.example',
  subject: 'Hello',
  text: 'Good morning.',
  html: null,
  headers: null,
  reply_to: null,
  tags: null,
  scheduled_at: null,
  attachments: null,
};
const VALUES = [
  undefined,
  null,
  '',
  'text',
  'a\0b',
  'a\nb',
  '\ud800',
  'x'.repeat(998),
  'x'.repeat(999),
  'e@f.example',
  'E <e@f.example>',
  'e@f.example,g@h.example',
  '2999-01-01T00:00:00Z',
  -1,
  1.5,
  true,
  [],
  [1],
  [{ name: 'a', value: 'b' }],
  {},
  { 'X-A': 'b' },
];

/** Every field with every value, each one left out, and with a field too many. */
const variations: object[] = [
  message,
  { ...message, more: 1 },
  { ...message, tenant_id: null },
  ...Object.keys(message).flatMap((field) =>
    VALUES.map((value) => ({ ...message, [field]: value })),
  ),
  ...Object.keys(message).map((left) =>
    Object.fromEntries(Object.entries(message).filter(([field]) => field !== left)),
  ),
];

/** The declared rules alone: a class below the one that has a plain form has none. */
class Declared extends SendEmailRequest {}

const passes = (body: object): Promise<boolean> =>
  checkBody(Declared, structuredClone(body)).then(
    () => true,
    () => false,
  );

describe('the plain form of a message', () => {
  it('takes nothing that its declared rules refuse', async () => {
    const taken = variations.filter(isPlainMessage);
    for (const body of taken) expect([body, await passes(body)]).toEqual([body, true]);
    expect(taken.length).toBeGreaterThan(20);
    expect(taken.length).toBeLessThan(variations.length / 2);
  });

  it('is handed on as it came', async () => {
    const body = { from: 'a@b.example', to: 'c@d.example', subject: 'Hello', text: 'a' };
    expect(await checkBody(SendEmailRequest, body)).toBe(body);
    expect(await checkBody(SendEmailRequest, { ...body, tags: [] })).not.toBe(body);
  });

  it.each([
    [{ headers: {} }],
    [{ tags: [] }],
    [{ attachments: [] }],
    [{ scheduled_at: '2999-01-01T00:00:00Z' }],
    [{ to: 'nobody' }],
    [{ subject: 'two\nlines' }],
    [{ more: 1 }],
  ])('is not one with %j', (change) => {
    expect(isPlainMessage({ ...message, ...change })).toBe(false);
  });
});
