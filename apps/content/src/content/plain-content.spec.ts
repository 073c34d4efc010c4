import { describe, expect, it } from '@jest/globals';
import { checkBody } from '@penguinmails/http';
import { PutContentRequest } from './content.requests.js';
import { isPlainContent } from './plain-content.js';

const content = { text: 'a', html: null, headers: {}, attachments: [] };
const VALUES: readonly unknown[] = [
  undefined,
  null,
  '',
  'a\0b',
  1,
  [],
  [{}],
  {},
  { 'X-A': 'b' },
  { constructor: 'x' },
];

describe('the plain form of a content', () => {
  it('takes nothing that its declared rules refuse', async () => {
    const variations = [
      content,
      { ...content, more: 1 },
      ...Object.keys(content).flatMap((field) =>
        VALUES.map((value) => ({ ...content, [field]: value })),
      ),
    ];
    const taken = variations.filter((variation) => isPlainContent(variation));
    expect(taken.length).toBeGreaterThan(5);
    for (const variation of taken) {
      const passes = await checkBody(PutContentRequest, structuredClone(variation)).then(
        () => true,
        () => false,
      );
      expect([variation, passes]).toEqual([variation, true]);
    }
  });

  it('has neither headers nor files', () => {
    expect(isPlainContent({ ...content, headers: { 'X-A': 'b' } })).toBe(false);
    expect(isPlainContent({ ...content, attachments: [{}] })).toBe(false);
  });
});
