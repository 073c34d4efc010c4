import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { type ComposedMessage, messageText } from '../compose/composed-message.js';
import { parseMessage } from '../compose/parse-message.js';
import { relaxedBody, relaxedValue } from './relaxed.js';
import { signMessage, signMessageOnPool } from './sign-message.js';
import { loadDomainSigner, UnusableKeyError } from './signing-keys.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' }).toString('base64');
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' });
const keys = [
  { selector: 'e1', algorithm: 'ed25519-sha256', private_key: pkcs8(ed.privateKey) },
  { selector: 'r1', algorithm: 'rsa-sha256', private_key: pkcs8(rsa.privateKey) },
] as const;
const signer = loadDomainSigner({ domain: 'sender.test', keys });
/** What the domain's DNS says; RFC 8463 has the bare 32 bytes. */
const records: Record<string, string> = {
  'r1._domainkey.sender.test': `v=DKIM1; k=rsa; p=${spki(rsa.publicKey).toString('base64')}`,
  'e1._domainkey.sender.test': `v=DKIM1; k=ed25519; p=${spki(ed.publicKey).subarray(-32).toString('base64')}`,
};

async function resolver(name: string): Promise<string[][]> {
  const record = records[name];
  if (record === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  return [[record]];
}

/** The verdicts of a verifier that is not ours, top to bottom. */
async function verdicts(raw: string): Promise<string[]> {
  const { results } = await dkimVerify(Buffer.from(raw, 'latin1'), { resolver });
  return results.map(({ status }) => status.result ?? '');
}

const message: ComposedMessage = {
  fields: [
    { name: 'From', value: '=?utf-8?B?TcO8bGxlcg==?=\r\n <a@sender.test>' },
    { name: 'To', value: 'b@receiver.test' },
    { name: 'SUBJECT', value: 'two  blanks\tand \r\n a fold' },
    { name: 'Message-ID', value: '<1@sender.test>' },
    { name: 'Date', value: 'Mon, 04 May 2026 10:00:00 +0000' },
    { name: 'X-Custom', value: 'not signed' },
    { name: 'References', value: '<a@b.test>\r\n <c@d.test>' },
    { name: 'MIME-Version', value: '1.0' },
    { name: 'Content-Type', value: 'text/plain' },
  ],
  body: 'one\r\n\r\n.two\r\n',
  relaxed: true,
};
const now = () => Date.now();
const signed = (change: Partial<ComposedMessage> = {}) => {
  const one = { ...message, ...change };
  return messageText(one, signMessage(one, signer, now()));
};

describe('signMessage', () => {
  it('signs with RSA first and ed25519 second; both verify', async () => {
    const raw = signed();
    const algorithms = [...raw.matchAll(/ a=([\w-]+);/g)].map(([, algorithm]) => algorithm);
    expect(algorithms).toEqual(['rsa-sha256', 'ed25519-sha256']);
    expect(await verdicts(raw)).toEqual(['pass', 'pass']);
  });

  it('signs on the pool too', async () => {
    const raw = messageText(message, await signMessageOnPool(message, signer, now()));
    expect(await verdicts(raw)).toEqual(['pass', 'pass']);
  });

  it('folds below 79 columns', () => {
    const longest = Math.max(
      ...signed()
        .split('\r\n')
        .map(({ length }) => length),
    );
    expect(longest).toBeLessThanOrEqual(78);
  });

  it.each([
    ['empty', '', true],
    ['one empty line', '\r\n', true],
    ['empty lines at the end', 'a\r\n\r\n\r\n', true],
    ['of more than 64 KiB', 'some words\r\n'.repeat(6_000), true],
    ['blanks of every kind', 'a  b\t\tc \r\n \r\n\t\r\nd\t\r\n', false],
    ['blanks in a very long run', `a${' '.repeat(50_000)}b\r\n`, false],
    ['bytes above 127', 'Gr\xfc\xdfe\r\n', false],
  ])('a body: %s', async (_, body, relaxed) => {
    expect(await verdicts(signed({ body, relaxed }))).toEqual(['pass', 'pass']);
  });

  it('a message that was not composed here', async () => {
    const foreign = parseMessage('From: a@sender.test\nSubject:  x \t y\n\n a  b \n\n');
    const raw = messageText(foreign, signMessage(foreign, signer, now()));
    expect(await verdicts(raw)).toEqual(['pass', 'pass']);
  });

  it.each([
    ['a byte of the body', (raw: string) => raw.replace('one', 'onf')],
    ['a line more', (raw: string) => `${raw}more\r\n`],
    ['the sender', (raw: string) => raw.replace('<a@', '<b@')],
    ['the subject', (raw: string) => raw.replace('a fold', 'a gold')],
    ['the thread', (raw: string) => raw.replace('<c@d', '<e@d')],
    [
      'a byte of each signature',
      (raw: string) => raw.replace(/ b=(.)/g, (_, c) => ` b=${c === 'A' ? 'B' : 'A'}`),
    ],
    ['another From', (raw: string) => raw.replace('\r\nTo:', '\r\nFrom: e@x.test\r\nTo:')],
    ['another Subject', (raw: string) => raw.replace('\r\nTo:', '\r\nSubject: e\r\nTo:')],
    ['a Reply-To', (raw: string) => raw.replace('\r\nTo:', '\r\nReply-To: e@x.test\r\nTo:')],
    ['a Cc', (raw: string) => raw.replace('\r\nTo:', '\r\nCc: e@x.test\r\nTo:')],
    ['the time of signing', (raw: string) => raw.replace(/ t=\d/g, ' t=2')],
  ])('does not verify with %s changed', async (_, change) => {
    const raw = signed();
    expect(change(raw)).not.toBe(raw);
    const found = await verdicts(change(raw));
    expect(found).toHaveLength(2);
    expect(found).not.toContain('pass');
  });

  it('may be moved and folded anew by servers on the way', async () => {
    const raw = signed()
      .replace('X-Custom: not signed\r\n', '')
      .replace('SUBJECT:', 'Subject: \r\n');
    const refolded = `Received: by x\r\n${raw.replace('To: b@', 'to:\tb@')}`;
    expect(await verdicts(refolded)).toEqual(['pass', 'pass']);
  });

  it('an unsigned message has no verdict of pass', async () => {
    expect(await verdicts(messageText(message))).not.toContain('pass');
  });
});

describe('canonicalisation, by the example of RFC 6376 section 3.4.5', () => {
  it('fields', () => {
    expect(relaxedValue('X')).toBe('X');
    expect(relaxedValue('Y\t\r\n\tZ  ')).toBe('Y Z');
  });

  it('body', () => {
    expect(relaxedBody(' C \r\nD \t E\r\n\r\n\r\n', false)).toBe(' C\r\nD E\r\n');
  });
});

describe('loadDomainSigner', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 512 });
  it.each([
    ['no keys', []],
    ['garbage', [{ ...keys[0], private_key: 'bm90IGEga2V5' }]],
    ['a key cut short', [{ ...keys[1], private_key: keys[1].private_key.slice(0, 400) }]],
    ['a key of the other kind', [{ ...keys[0], private_key: keys[1].private_key }]],
    ['an RSA key that verifiers refuse', [{ ...keys[1], private_key: pkcs8(small.privateKey) }]],
    ['one good key and one bad', [keys[1], { ...keys[0], private_key: '' }]],
  ])('refuses %s', (_, bad) => {
    expect(() => loadDomainSigner({ domain: 'sender.test', keys: bad })).toThrow(UnusableKeyError);
  });
});
