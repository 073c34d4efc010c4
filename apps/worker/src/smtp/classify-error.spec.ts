import { describe, expect, it } from '@jest/globals';
import { classifyError } from './classify-error.js';
import { outcomeOfReply } from './send-outcome.js';
import { parseSmtpUrl, serverKey } from './smtp-server.js';
import { WatchedSource } from './watched-source.js';

describe('classifyError', () => {
  const reply = (response: string, more = {}) => ({
    response,
    responseCode: Number(response.slice(0, 3)),
    ...more,
  });

  it.each([
    [
      '5xx to RCPT',
      reply('550 5.1.1 no', { code: 'EENVELOPE', command: 'RCPT TO' }),
      false,
      'bounced',
    ],
    ['4xx to MAIL', reply('451 4.3.0 later', { command: 'MAIL FROM' }), false, 'deferred'],
    ['5xx after the dot', reply('554 5.6.0 no', { command: 'DATA' }), true, 'bounced'],
    ['4xx after the dot', reply('452 4.2.2 full', { command: 'DATA' }), true, 'deferred'],
    ['5xx greeting', reply('554 go away', { command: 'CONN' }), false, 'deferred'],
    ['login refused', reply('535 5.7.8 bad', { code: 'EAUTH' }), false, 'deferred'],
    ['lost before the body', { code: 'ECONNECTION', command: 'CONN' }, false, 'deferred'],
    ['lost after the body', { code: 'ECONNECTION', command: 'CONN' }, true, 'unknown'],
    ['silence after the body', { code: 'ETIMEDOUT', command: 'CONN' }, true, 'unknown'],
    ['no such host', { code: 'EDNS', command: 'CONN' }, false, 'deferred'],
    ['larger than SIZE', { code: 'EMESSAGE', command: 'MAIL FROM' }, false, 'bounced'],
  ] as const)('%s', (_, error, handedOver, kind) => {
    expect(classifyError(error, handedOver).kind).toBe(kind);
  });

  it('names the reason where no reply does', () => {
    const refused = { code: 'ESOCKET', originalCode: 'ECONNREFUSED' };
    expect(classifyError(refused, false).errorCode).toBe('smtp_connection_refused');
    expect(classifyError({ code: 'ETLS' }, false).errorCode).toBe('smtp_tls_failed');
    expect(classifyError({}, true).errorCode).toBe('outcome_unknown');
  });
});

describe('outcomeOfReply', () => {
  it('reads the enhanced status code', () => {
    const outcome = outcomeOfReply('bounced', '550 5.1.1 <a@b.test> unknown');
    expect(outcome).toMatchObject({ code: 550, enhancedCode: '5.1.1' });
    expect(outcomeOfReply('delivered', '250 queued as 12').enhancedCode).toBeNull();
  });
});

describe('parseSmtpUrl', () => {
  it.each([
    ['smtp://mail.test', { port: 25, security: 'none', username: null }],
    ['smtp://127.0.0.1:1025', { port: 1025, security: 'none', username: null }],
    ['smtp+starttls://u%40x:p%3A@mail.test', { port: 587, security: 'starttls', username: 'u@x' }],
    ['smtps://u:p@mail.test', { port: 465, security: 'tls', password: 'p' }],
  ])('%s', (url, expected) => expect(parseSmtpUrl(url)).toMatchObject(expected));

  it.each(['http://mail.test', 'mail.test', '', 'smtp://'])(
    'refuses %p without printing it',
    (url) => {
      expect(() => parseSmtpUrl(url)).toThrow('an SMTP URL is');
    },
  );

  it('keeps logins of one server apart', () => {
    const [a, b] = ['smtp://a@h.test', 'smtp://b@h.test'].map(parseSmtpUrl);
    expect(serverKey(a!)).not.toBe(serverKey(b!));
  });
});

describe('WatchedSource', () => {
  const pull = async (source: WatchedSource) => {
    const chunks: Buffer[] = [];
    for await (const chunk of source) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  it('is not handed over before it is pulled, and gives every byte', async () => {
    const message = Buffer.alloc(200_000, 'x');
    const source = new WatchedSource(message);
    expect(source.handedOver).toBe(false);
    expect((await pull(source)).equals(message)).toBe(true);
    expect(source.handedOver).toBe(true);
  });

  it('is not handed over while a chunk is left', () => {
    const source = new WatchedSource(Buffer.alloc(200_000));
    source.read(1);
    expect(source.handedOver).toBe(false);
  });
});
