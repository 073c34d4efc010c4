import { describe, expect, it } from '@jest/globals';
import { parseAddrSpec } from './addr-spec.js';

const label = (length: number): string => 'a'.repeat(length);
/** 64 octets of local part, then labels of 63: as long as the parts allow, `total` octets in all. */
const ofLength = (total: number): string => {
  const domain = `${label(63)}.${label(63)}.${label(63)}`;
  return `${label(total - domain.length - 1)}@${domain}`;
};

describe('parseAddrSpec', () => {
  it.each([
    ['ada@example.com', 'ada', 'example.com'],
    ['Ada.Love+tag@Mail.Example.COM', 'Ada.Love+tag', 'mail.example.com'],
    ["o'brien!#$%&*/=?^_`{|}~-@xn--bcher-kva.example", "o'brien!#$%&*/=?^_`{|}~-"],
    ['hello@demo-one.sandbox.test', 'hello', 'demo-one.sandbox.test'],
    ['1@2.3com', '1', '2.3com'],
  ])('accepts %s', (text, localPart, domain = text.slice(text.indexOf('@') + 1)) => {
    expect(parseAddrSpec(text)).toEqual({
      address: text,
      localPart,
      domain,
      norm: text.toLowerCase(),
    });
  });

  it('accepts 254 octets and refuses 255', () => {
    expect(ofLength(254)).toHaveLength(254);
    expect(parseAddrSpec(ofLength(254))).not.toBeNull();
    expect(parseAddrSpec(ofLength(255))).toBeNull();
    expect(parseAddrSpec(`${'a@'.repeat(1_000_000)}b.c`)).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['no at', 'ada.example.com'],
    ['no local part', '@example.com'],
    ['no domain', 'ada@'],
    ['two at signs', 'ada@b@example.com'],
    ['two addresses', 'ada@example.com,eve@evil.example'],
    ['two addresses, blank', 'ada@example.com eve@evil.example'],
    ['two addresses, semicolon', 'ada@example.com;eve@evil.example'],
    ['header injection', 'ada@example.com\r\nBcc: eve@evil.example'],
    ['CR', 'ada@example.com\r'],
    ['LF', 'ada@example.com\n'],
    ['LF in the local part', 'a\nda@example.com'],
    ['NUL', 'ada\0@example.com'],
    ['NUL in the domain', 'ada@example\0.com'],
    ['tab', 'ada@\texample.com'],
    ['leading blank', ' ada@example.com'],
    ['trailing blank', 'ada@example.com '],
    ['quoted local part', '"ada"@example.com'],
    ['quoted local part with at', '"a@b"@example.com'],
    ['display name', 'Ada <ada@example.com>'],
    ['angle brackets', '<ada@example.com>'],
    ['comment', 'ada(x)@example.com'],
    ['address literal', 'ada@[127.0.0.1]'],
    ['bare IPv4', 'ada@127.0.0.1'],
    ['one label', 'ada@localhost'],
    ['leading dot', '.ada@example.com'],
    ['trailing dot', 'ada.@example.com'],
    ['two dots', 'a..da@example.com'],
    ['empty label', 'ada@example..com'],
    ['root dot', 'ada@example.com.'],
    ['label starts with hyphen', 'ada@-example.com'],
    ['label ends with hyphen', 'ada@example-.com'],
    ['underscore in the domain', 'ada@ex_ample.com'],
    ['label of 64', `ada@${label(64)}.com`],
    ['local part of 65', `${label(65)}@example.com`],
    ['UTF-8 local part', 'ädä@example.com'],
    ['UTF-8 domain', 'ada@bücher.example'],
    ['full-width at', 'ada＠example.com'],
    ['long s, which lower-cases into ASCII elsewhere', 'ſam@example.com'],
    ['Kelvin sign, which lower-cases to k', 'ada@\u212Aing.example'],
    ['backslash', 'ada\\@example.com'],
    ['source route', '@a.example:ada@b.example'],
    ['percent newline', 'ada%0a\n@example.com'],
  ])('refuses %s', (_name, text) => {
    expect(parseAddrSpec(text)).toBeNull();
  });
});
