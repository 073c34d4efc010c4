import { describe, expect, it } from '@jest/globals';
import { isEmptyList, isNull, plainBody, plainMatch, plainText } from './plain-body.js';

interface Thing {
  name: string;
  note: null;
  list: never[];
  code?: string;
}

describe('a plain body', () => {
  const isPlain = plainBody<Thing>({
    name: plainText(3),
    note: isNull,
    list: isEmptyList,
    code: (value) => value === undefined || plainMatch(/^[a-z]$/)(value),
  });
  const thing = { name: 'abc', note: null, list: [] };

  it.each([thing, { ...thing, code: 'a' }, { ...thing, name: 'a' }])('is %j', (body) => {
    expect(isPlain(body)).toBe(true);
  });

  it.each([
    [undefined],
    [null],
    ['text'],
    [[thing]],
    [{}],
    [{ ...thing, more: 1 }],
    [JSON.parse('{"name":"abc","note":null,"list":[],"__proto__":{}}')],
    [{ ...thing, constructor: 1 }],
    [{ ...thing, name: '' }],
    [{ ...thing, name: 'abcd' }],
    [{ ...thing, name: 1 }],
    [{ ...thing, name: undefined }],
    [{ ...thing, note: undefined }],
    [{ ...thing, list: [1] }],
    [{ ...thing, list: {} }],
    [{ ...thing, code: 'A' }],
    [{ ...thing, code: null }],
  ])('is not %j', (body) => {
    expect(isPlain(body)).toBe(false);
  });
});
