import { describe, expect, it } from '@jest/globals';
import PostalMime, { decodeWords, type Email } from 'postal-mime';
import type { MessageContent } from '../clients/content.client.js';
import type { Envelope } from '../clients/oltp.client.js';
import { relaxedBody } from '../dkim/relaxed.js';
import { composeByNodemailer } from './compose-nodemailer.js';
import { composeOwn } from './compose-own.js';
import { ComposeError, messageText } from './composed-message.js';
import { parseMessage } from './parse-message.js';

type Attachment = MessageContent['attachments'][number];

const envelopeOf = (change: Partial<Envelope> = {}): Envelope => ({
  mode: 'live',
  from: { address: 'shop@sender.test', name: 'Shop' },
  to: 'ada@receiver.test',
  reply_to: null,
  subject: 'Your order',
  message_id: '<0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b@sender.test>',
  date: '2026-05-04T10:00:00.000Z',
  mailbox_id: 'm',
  storage_key: 'k',
  ...change,
});
const contentOf = (change: Partial<MessageContent> = {}): MessageContent => ({
  tenant_id: 't',
  storage_key: 'k',
  text: 'words',
  html: null,
  headers: {},
  attachments: [],
  ...change,
});
const fileOf = (content: Buffer, change: Partial<Attachment> = {}): Attachment => ({
  id: 'a',
  filename: 'file.bin',
  content_type: 'application/octet-stream',
  disposition: 'attachment',
  content_id: null,
  content: content.toString('base64'),
  ...change,
});

/** What a line of a header or of a body may be, at its worst. */
const lines: Record<string, string> = {
  plain: 'hello',
  umlauts: 'Grüße aus München '.repeat(12),
  'only umlauts': 'ü'.repeat(100),
  CJK: '日本語の件名です。'.repeat(20),
  emoji: '👩‍👩‍👧‍👦🇩🇪 👋🏽'.repeat(10),
  Cyrillic: 'Здравствуйте, как дела? '.repeat(9),
  quotes: '"Dr. \\ O\'Neil", <b> (c); [d]: e',
  equals: 'a=b=3D=20==',
  'an encoded word': '=?utf-8?B?SGk=?=',
  'half an encoded word': 'x =? y ?= z',
  '75 columns': 'x'.repeat(75),
  '76 columns': 'x'.repeat(76),
  '77 columns': 'x'.repeat(77),
  '78 columns': 'y '.repeat(39).trim(),
  '998 columns': 'z'.repeat(998),
  '998 columns of words': 'word '.repeat(199) + 'end',
  tabs: 'a\tb\tc',
  blanks: 'a  b   c',
  'a boundary': '--=_a_0190a1b2c3d47e5f8a9b0c1d2e3f4a5bsendertest--',
  'a dot': '.',
  From: 'From me to you',
  'C1 and format characters': 'a\u00adb\u200dc',
};
/** What only a body may hold. */
const bodies: Record<string, string> = {
  ...lines,
  'a lone dot between lines': 'a\r\n.\r\nb',
  'an SMTP dialogue': '.\r\nQUIT\r\nMAIL FROM:<x@y.test>\r\n',
  'leading dots': '..\n.a\n.b',
  'From lines': 'From a\n>From b\nFrom',
  'bare LF': 'a\nb\n\nc',
  'blanks at line ends': 'a \nb\t\n \n\t\nc   \n',
  'many empty lines': 'a\n\n\n\n\n',
  'only line ends': '\n\n',
  'a very long line': 'Größe '.repeat(5_000),
  'very many lines': 'Eine Zeile mit Umläuten\n'.repeat(3_000),
  'soft break at every place': Array.from({ length: 90 }, (_, n) => `${'x'.repeat(n)}=ü. F`).join(
    '\n',
  ),
};

const plain = (text: string | undefined) =>
  text?.replace(/\r\n|\r/g, '\n').replace(/\n+$/, '') ?? null;

/** What a reader sees of a message. */
function view(mail: Email) {
  const { subject, from, to, replyTo, messageId, date, text, html, headers } = mail;
  return {
    ...{ subject, from, to, replyTo, messageId, date, text: plain(text), html: plain(html) },
    custom: headers.filter(({ key }) => key.startsWith('x-')).map(({ key, value }) => [key, value]),
    files: mail.attachments.map(({ filename, mimeType, disposition, contentId, content }) => ({
      ...{ filename, mimeType, disposition, contentId },
      bytes: Buffer.from(content as ArrayBuffer).toString('base64'),
    })),
  };
}

/** By both composers, as a reader sees it. */
async function both(envelope: Envelope, content: MessageContent) {
  const own = messageText(composeOwn(envelope, content));
  const theirs = messageText(await composeByNodemailer(envelope, content));
  checkForm(own);
  const [mine, oracle] = await Promise.all([PostalMime.parse(own), PostalMime.parse(theirs)]);
  return { mine: view(mine), oracle: view(oracle) };
}

/** RFC 5322 section 2.1, and what makes dot-stuffing and canonicalisation needless. */
function checkForm(raw: string): void {
  expect(raw).toMatch(/^[\t\r\n -~]*\r\n$/);
  const parts = raw.split('\r\n');
  expect(parts.filter((line) => /[\r\n]/.test(line))).toEqual([]);
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(998);
  const body = raw.slice(raw.indexOf('\r\n\r\n') + 4);
  expect(body.split('\r\n').filter((line) => line.length > 76)).toEqual([]);
  expect(body.split('\r\n').filter((line) => /^\.|^From|[ \t]$| {2}|\t/.test(line))).toEqual([]);
  expect(relaxedBody(body, true)).toBe(relaxedBody(body, false));
}

describe('the own composer beside nodemailer', () => {
  it.each(Object.entries(bodies))('a body of %s', async (_, text) => {
    const { mine, oracle } = await both(envelopeOf(), contentOf({ text }));
    expect(mine).toEqual(oracle);
    expect(mine.text).toBe(plain(text));
    const rich = await both(envelopeOf(), contentOf({ text, html: `<p>${text}</p>\n` }));
    expect(rich.mine).toEqual(rich.oracle);
    expect(rich.mine.html).toBe(plain(`<p>${text}</p>`));
  });

  it.each(Object.entries(lines))('a subject, a name and a header of %s', async (_, text) => {
    const name = text.slice(0, 200);
    const from = { address: 'shop@sender.test', name };
    const headers = { 'X-Custom': text, [`X-${'n'.repeat(98)}`]: text };
    const { mine, oracle } = await both(
      envelopeOf({ subject: text, from }),
      contentOf({ headers }),
    );
    expect(mine).toEqual({
      ...oracle,
      custom: mine.custom,
      subject: mine.subject,
      from: mine.from,
    });
    const even = (value: string | undefined) => value?.replace(/[ \t]+/g, ' ').trim();
    expect(even(mine.subject)).toBe(even(text));
    expect(even(mine.from?.name)).toBe(even(name));
    expect(mine.custom.map(([, value]) => even(decodeWords(value)))).toEqual([
      even(text),
      even(text),
    ]);
  });

  it.each(Object.entries(lines).filter(([, text]) => !text.includes('\t')))(
    'a file named %s',
    async (_, text) => {
      const filename = text.slice(0, 255).replaceAll('\\', '');
      const files = [fileOf(Buffer.from(text), { filename })];
      const { mine, oracle } = await both(envelopeOf(), contentOf({ attachments: files }));
      expect(mine.files).toEqual([{ ...oracle.files[0], filename: mine.files[0].filename }]);
      expect(mine.files[0].filename).toBe(decodeWords(filename));
      expect(mine.text).toBe('words');
    },
  );

  const png = Buffer.from(Array.from({ length: 1_000 }, (_, n) => n & 255));
  const shown = fileOf(png, {
    filename: 'logo.png',
    content_type: 'image/png',
    disposition: 'inline',
    content_id: 'logo@sender.test',
  });
  const html = '<img src="cid:logo@sender.test">';
  const shapes: Record<string, Partial<MessageContent>> = {
    'text alone': {},
    'html alone': { text: null, html },
    'text and html': { html },
    'an empty text and html': { text: '', html },
    'html with an image': { text: null, html, attachments: [shown] },
    everything: { html, attachments: [shown, fileOf(png), fileOf(Buffer.from('%PDF'))] },
    'a text and a file': { attachments: [fileOf(png)] },
    'a text with an image that no html shows': { attachments: [shown] },
    'an empty file': { attachments: [fileOf(Buffer.alloc(0)), fileOf(png)] },
    'files of every length of the last line': {
      attachments: Array.from({ length: 60 }, (_, n) => fileOf(Buffer.alloc(n, 'x'))),
    },
    'a type with a parameter': {
      attachments: [fileOf(png, { content_type: 'text/csv; charset=utf-8' })],
    },
  };
  it.each(Object.entries(shapes))('the shape of %s', async (_, change) => {
    const { mine, oracle } = await both(envelopeOf(), contentOf(change));
    expect(mine).toEqual(oracle);
    expect(mine.files).toHaveLength(change.attachments?.length ?? 0);
  });

  it('the envelope, threads and a reply address', async () => {
    const headers = { 'In-Reply-To': '<a@b.test>', References: '<a@b.test> '.repeat(400) };
    const envelope = envelopeOf({ reply_to: 'help@sender.test', to: `${'x'.repeat(60)}@r.test` });
    const { mine, oracle } = await both(envelope, contentOf({ headers }));
    expect(mine).toEqual(oracle);
    expect(mine).toMatchObject({
      date: '2026-05-04T10:00:00.000Z',
      messageId: envelope.message_id,
    });
  });
});

describe('the own composer', () => {
  it('keeps 7bit text as it is', () => {
    const { fields, body } = composeOwn(envelopeOf(), contentOf({ text: 'a\r\nb.' }));
    expect(fields).toContainEqual({ name: 'Content-Transfer-Encoding', value: '7bit' });
    expect(body).toBe('a\r\nb.\r\n');
  });

  it('writes other scripts in base64, umlauts in quoted-printable', () => {
    const encodingOf = (text: string) =>
      composeOwn(envelopeOf(), contentOf({ text })).fields.at(-1)?.value;
    expect(encodingOf(lines.CJK)).toBe('base64');
    expect(encodingOf(lines.Cyrillic)).toBe('base64');
    expect(encodingOf('Guten Tag, ein Satz mit wenigen Umläuten.')).toBe('quoted-printable');
  });

  it('keeps header lines below 79 columns where there is a place to fold', () => {
    const subject = `${'word '.repeat(100)}${lines.umlauts}`;
    const headers = { 'X-Words': 'word '.repeat(190), 'X-Long': lines.CJK };
    const from = { address: `shop@${'x'.repeat(50)}.test`, name: 'A name of some length, Inc.' };
    const files = [fileOf(Buffer.from('x'), { filename: `${lines.umlauts.slice(0, 200)}.pdf` })];
    const message = composeOwn(
      envelopeOf({ subject, from }),
      contentOf({ headers, attachments: files }),
    );
    const long = messageText(message)
      .split('\r\n')
      .filter(({ length }) => length > 78);
    expect(long).toEqual([]);
  });

  it('composes the same bytes again', () => {
    const content = contentOf({ html: '<p>ü</p>', attachments: [fileOf(Buffer.from('x'))] });
    const [first, second] = [1, 2].map(() => messageText(composeOwn(envelopeOf(), content)));
    expect(second).toBe(first);
  });

  it('shows a message in a file as a file', async () => {
    const inner = 'Subject: inner\r\nContent-Type: text/html\r\n\r\n<b>inner</b>\r\n';
    const file = fileOf(Buffer.from(inner), { content_type: 'message/rfc822', filename: 'a.eml' });
    const mail = await PostalMime.parse(
      messageText(composeOwn(envelopeOf(), contentOf({ attachments: [file] }))),
    );
    expect(view(mail)).toMatchObject({ html: null, files: [{ filename: 'a.eml' }] });
    expect(Buffer.from(mail.attachments[0].content as ArrayBuffer).toString()).toBe(inner);
  });
});

describe.each([
  ['own', composeOwn],
  ['nodemailer', composeByNodemailer],
])('the %s composer refuses', (_, compose) => {
  const refused = (envelope: Partial<Envelope>, content: Partial<MessageContent> = {}) =>
    expect(async () => compose(envelopeOf(envelope), contentOf(content))).rejects.toThrow(
      ComposeError,
    );
  const evil = 'a\r\nBcc: evil@x.test';

  it.each(['\r\n', '\r', '\n', '\0'])('%j in whatever becomes a header', async (mark) => {
    const text = `a${mark}Bcc: evil@x.test`;
    await refused({ subject: text });
    await refused({ from: { address: 'a@x.test', name: text } });
    await refused({ from: { address: text, name: null } });
    await refused({ to: text });
    await refused({ reply_to: text });
    await refused({ message_id: `<${text}>` });
    await refused({}, { headers: { 'X-A': text } });
    await refused({}, { headers: { [`X-${text}`]: 'b' } });
    for (const part of ['filename', 'content_type', 'content_id', 'content'])
      await refused({}, { attachments: [fileOf(Buffer.from('x'), { [part]: text })] });
  });

  it.each(['Bcc', 'To', 'From', 'Subject', 'Content-Type', 'DKIM-Signature', 'X-', 'X A', 'X-ä'])(
    'the header %s',
    (name) => refused({}, { headers: { [name]: 'b' } }),
  );

  it.each(['a@x.test,b@x.test', 'a@x.test, b@x.test', 'A <a@x.test>', '"a b"@x.test', 'a', ''])(
    'the recipient %j',
    (to) => refused({ to }),
  );

  it('a message without id or date, and files that are not base64', async () => {
    await refused({ message_id: 'a@b.test' });
    await refused({ message_id: '<a b@c.test>' });
    await refused({ date: 'soon' });
    await refused({}, { attachments: [fileOf(Buffer.from('x'), { content: '--=_m_' })] });
    await refused({}, { attachments: [fileOf(Buffer.from('x'), { content_type: evil })] });
  });
});

describe('parseMessage', () => {
  it('unfolds nothing and mends line ends', () => {
    expect(parseMessage('A: b\n c\r\nD:e\r\n\r\nx\ry')).toEqual({
      fields: [
        { name: 'A', value: 'b\r\n c' },
        { name: 'D', value: 'e' },
      ],
      body: 'x\r\ny\r\n',
      relaxed: false,
    });
  });

  it.each(['no header', 'A: b\r\nno field\r\n\r\nx'])('refuses %j', (raw) => {
    expect(() => parseMessage(raw)).toThrow(ComposeError);
  });
});
