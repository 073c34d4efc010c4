import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import { createMailSender, smtpClients } from '../../src/smtp/create-mail-sender.js';
import type { MailSender } from '../../src/smtp/mail-sender.js';
import type { SmtpServer } from '../../src/smtp/smtp-server.js';
import { CUT, ScriptedServer, type Script, SILENT, THEN_CUT } from './scripted-server.js';
import { testCertificate } from './test-certificate.js';

const limits = { connections: 1, messagesPerConnection: 50, idleMs: 60_000 };
const timeouts = { connectMs: 30_000, greetingMs: 30_000, silenceMs: 30_000 };
/** For a server that falls silent; on a machine that stands still any other one does, too. */
const hasty = { ...timeouts, greetingMs: 400, silenceMs: 400 };
const raw = 'Subject: x\r\n\r\nbody\r\n';
const message = { from: 'a@sender.test', to: 'b@receiver.test', raw };
const PIPELINING = '250-scripted\r\n250 PIPELINING';
const auth = (mechanisms: string) => `250-scripted\r\n250 AUTH ${mechanisms}`;

let server: ScriptedServer;
let pool: MailSender;
let target: SmtpServer;

async function begin(client: (typeof smtpClients)[number]) {
  server = await ScriptedServer.start();
  pool = createMailSender(client, limits, timeouts);
  const { port } = server;
  target = { host: '127.0.0.1', port, security: 'none', username: null, password: null };
}

afterEach(async () => {
  pool.close();
  await server.stop();
});

type Row = [string, Script, string, number | null, string | null];
const rules: Row[] = [
  ['greeting silent', { greeting: SILENT }, 'deferred', null, 'smtp_timeout'],
  ['greeting 421', { greeting: '421 4.3.2 busy' }, 'deferred', 421, null],
  ['EHLO 421', { ehlo: '421 4.3.2 busy' }, 'deferred', 421, null],
  ['MAIL 421', { mail: '421 4.3.2 bye' }, 'deferred', 421, null],
  ['RCPT 421', { rcpt: '421 4.3.2 bye' }, 'deferred', 421, null],
  ['DATA 421', { data: '421 4.3.2 bye' }, 'deferred', 421, null],
  ['dot 421', { dot: '421 4.3.2 bye' }, 'deferred', 421, null],
  ['MAIL cut', { mail: CUT }, 'deferred', null, 'smtp_connection_lost'],
  ['RCPT cut', { rcpt: CUT }, 'deferred', null, 'smtp_connection_lost'],
  ['DATA 550', { data: '550 5.7.1 no' }, 'bounced', 550, null],
  ['RCPT 550 yet 354', { rcpt: '550 5.1.1 nobody' }, 'bounced', 550, null],
  ['MAIL 451 yet 354', { mail: '451 4.3.0 later' }, 'deferred', 451, null],
  ['MAIL silent', { mail: SILENT }, 'deferred', null, 'smtp_timeout'],
  ['RCPT silent', { rcpt: SILENT }, 'deferred', null, 'smtp_timeout'],
  ['DATA silent', { data: SILENT }, 'deferred', null, 'smtp_timeout'],
  ['dot silent', { dot: SILENT }, 'unknown', null, 'outcome_unknown'],
  [
    'half a reply to RCPT',
    { rcpt: `250 2.1${THEN_CUT}` },
    'deferred',
    null,
    'smtp_connection_lost',
  ],
  [
    'half a reply to the dot',
    { dot: `250-2.0.0 q${THEN_CUT}` },
    'unknown',
    null,
    'outcome_unknown',
  ],
  ['closes after 250', { dot: `250 2.0.0 kept\r\n${THEN_CUT}` }, 'delivered', 250, null],
  ['dot of several lines', { dot: '550-5.7.1 no\r\n550 5.7.1 spam' }, 'bounced', 550, null],
];

const ownRules: Row[] = [
  ['garbage greeting', { greeting: 'hello there' }, 'deferred', null, 'smtp_protocol_error'],
  ['garbage to MAIL', { mail: 'ok' }, 'deferred', null, 'smtp_protocol_error'],
  ['250 to DATA', { data: '250 what' }, 'deferred', null, 'smtp_protocol_error'],
  ['garbage to the dot', { dot: '\u0001\u0002' }, 'unknown', null, 'outcome_unknown'],
  ['codes that differ', { rcpt: '250-a\r\n550 b' }, 'deferred', null, 'smtp_protocol_error'],
  ['a line without end', { rcpt: '2'.repeat(9_000) }, 'deferred', null, 'smtp_protocol_error'],
  [
    'a reply without end',
    { rcpt: '250-words words words\r\n'.repeat(4_000) },
    'deferred',
    null,
    'smtp_protocol_error',
  ],
];

describe.each(smtpClients)('the rule table: %s', (client) => {
  beforeEach(() => begin(client));
  const dialogues = { plain: {}, pipelined: { ehlo: PIPELINING } };

  describe.each(Object.entries(dialogues))('%s', (_, extensions) => {
    it.each(client === 'own' ? [...rules, ...ownRules] : rules)(
      '%s',
      async (_name, script, kind, code, errorCode) => {
        server.script = { ...extensions, ...script };
        const expectOutcome = async () =>
          expect(await pool.send(target, message)).toMatchObject({ kind, code, errorCode });
        if (Object.values(script).includes(SILENT)) {
          pool.close();
          pool = createMailSender(client, limits, hasty);
          await eventually(expectOutcome);
        } else await expectOutcome();
        const kept = server.accepted.filter((text) => text !== '').length;
        if (kind !== 'unknown') expect(kept).toBe(kind === 'delivered' ? 1 : 0);
      },
    );

    it('replies that come byte by byte', async () => {
      server.byteByByte = true;
      server.script = extensions;
      const sent = await Promise.all([1, 2, 3].map(() => pool.send(target, message)));
      expect(sent.map(({ kind }) => kind)).toEqual(Array(3).fill('delivered'));
      expect(server.connections).toBe(1);
    });
  });

  it.each(['PLAIN', 'LOGIN'])('AUTH %s refused: nothing is sent', async (mechanism) => {
    server.script = { ehlo: auth(mechanism), auth: '535 5.7.8 wrong' };
    const dialogue = mechanism === 'LOGIN' ? '334 VXNlcg==|334 UGFzcw==|535 5.7.8 wrong' : '';
    if (dialogue) server.script = { ehlo: auth(mechanism), auth: dialogue };
    const outcome = await pool.send({ ...target, username: 'u', password: 'p' }, message);
    expect(outcome).toMatchObject({ kind: 'deferred', code: 535, errorCode: 'smtp_auth_failed' });
    expect(server.commands.some((line) => line.startsWith('MAIL'))).toBe(false);
  });

  it.each(['500', '502', '504', '550'])('says HELO where EHLO is answered %s', async (code) => {
    server.script = { ehlo: `${code} 5.5.1 what` };
    expect(await pool.send(target, message)).toMatchObject({ kind: 'delivered', code: 250 });
    expect(server.commands.slice(0, 2).map((line) => line.slice(0, 5))).toEqual(['EHLO ', 'HELO ']);
    expect(server.accepted).toHaveLength(1);
  });

  it('a server that wants neither EHLO nor HELO: nothing is sent', async () => {
    server.script = { ehlo: '502 5.5.1 what', helo: '554 5.7.1 go away' };
    expect(await pool.send(target, message)).toMatchObject({ kind: 'deferred', code: 554 });
    expect(server.commands.some((line) => line.startsWith('MAIL'))).toBe(false);
  });

  it('a login needs EHLO: after HELO nothing is offered, and nothing is sent', async () => {
    server.script = { ehlo: '502 5.5.1 what' };
    const secret = { ...target, security: 'starttls', username: 'u', password: 'p' } as const;
    expect(await pool.send(secret, message)).toMatchObject({ kind: 'deferred' });
    expect(server.commands.filter((line) => /^(MAIL|AUTH)/.test(line))).toEqual([]);
  });

  it.each([
    ['is not offered', { ehlo: '250 scripted' }],
    ['is refused', { ehlo: '250-s\r\n250 STARTTLS', starttls: '454 4.7.0 no TLS now' }],
    ['breaks', { ehlo: '250-s\r\n250 STARTTLS' }],
  ] as [string, Script][])('STARTTLS %s: nothing in clear', async (_, script) => {
    server.script = script;
    const secret = { ...target, security: 'starttls', username: 'u', password: 'p' } as const;
    expect(await pool.send(secret, message)).toMatchObject({ kind: 'deferred' });
    expect(server.logins).toHaveLength(0);
    expect(server.commands.filter((line) => /^(MAIL|AUTH)/.test(line))).toEqual([]);
  });

  it.each(['starttls', 'tls'] as const)('%s is verified, and then used', async (security) => {
    server.tls = { ...testCertificate, implicit: security === 'tls' };
    server.script = { ehlo: '250-s\r\n250-STARTTLS\r\n250 AUTH PLAIN' };
    const secret = { ...target, security, username: 'u', password: 'p' };
    expect(await pool.send(secret, message)).toMatchObject({ kind: 'deferred' });
    expect(server.logins).toHaveLength(0);
    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, testCertificate.cert]);
    const outcome = await pool.send(secret, message);
    setDefaultCACertificates(trusted);
    expect(outcome).toMatchObject({ kind: 'delivered' });
    expect(server.logins).toEqual(['\0u\0p']);
  });
});

describe('the own client', () => {
  beforeEach(() => begin('own'));
  const two = () => [1, 2].map(() => pool.send(target, message));

  it('sends the next envelope with the end of the body', async () => {
    server.script = { ehlo: PIPELINING };
    await Promise.all([...two(), ...two()]);
    const ends = server.chunks.filter((chunk) => chunk.includes('\r\n.\r\n'));
    expect(ends).toHaveLength(4);
    for (const end of ends.slice(0, 3))
      expect(end).toMatch(/\r\n\.\r\nMAIL [^]*RCPT [^]*DATA\r\n$/);
    expect(server.accepted).toHaveLength(4);
  });

  it('sends one command at a time where PIPELINING is not announced', async () => {
    await Promise.all(two());
    for (const chunk of server.chunks.filter((text) => /^(MAIL|RCPT|DATA|EHLO)/.test(text)))
      expect(chunk.indexOf('\r\n')).toBe(chunk.length - 2);
    expect(server.accepted).toHaveLength(2);
  });

  it('a cut at the dot: one unknown, and the next one is sent once', async () => {
    server.script = { ehlo: PIPELINING, dot: CUT };
    server.onStep = (step) => {
      if (step === 'greeting' && server.connections === 2) server.script = { ehlo: PIPELINING };
    };
    const outcomes = await Promise.all(two());
    expect(outcomes.map(({ kind }) => kind)).toEqual(['unknown', 'delivered']);
    expect(server.accepted).toHaveLength(1);
  });

  it.each(['mail', 'rcpt', 'data'] as const)(
    'a cut between pipelined replies, at the next %s: the first is delivered, the next unsent',
    async (step) => {
      server.script = { ehlo: PIPELINING };
      server.onStep = (at) => {
        if (at === 'dot') server.script = { ehlo: PIPELINING, [step]: CUT };
      };
      const outcomes = await Promise.all(two());
      expect(outcomes).toMatchObject([
        { kind: 'delivered' },
        { kind: 'deferred', errorCode: 'smtp_connection_lost' },
      ]);
      expect(server.accepted).toHaveLength(1);
      expect(server.connections).toBe(2);
    },
  );

  it('a cut for good: one unknown, the next one deferred', async () => {
    server.script = { ehlo: PIPELINING, dot: CUT };
    server.onStep = (step) => {
      if (step === 'greeting' && server.connections === 2) server.script = { greeting: CUT };
    };
    const outcomes = await Promise.all(two());
    expect(outcomes.map(({ kind }) => kind)).toEqual(['unknown', 'deferred']);
  });

  it('a refused one among pipelined ones does not touch its neighbours', async () => {
    server.script = { ehlo: PIPELINING };
    let recipients = 0;
    server.onStep = (step) => {
      if (step !== 'rcpt') return;
      recipients += 1;
      const refused = recipients === 2 && { rcpt: '550 5.1.1 nobody' };
      server.script = { ehlo: PIPELINING, ...refused };
    };
    const outcomes = await Promise.all([...two(), ...two()]);
    const kinds = outcomes.map(({ kind }) => kind);
    expect(kinds).toEqual(['delivered', 'bounced', 'delivered', 'delivered']);
    expect(server.connections).toBe(1);
    expect(server.commands).toContain('RSET');
  });

  it('a large body goes in parts: lost before its last part it is a safe retry', async () => {
    server.script = { body: CUT };
    const bodyOf = (lines: number) => `\r\n${'line of text\r\n'.repeat(lines)}`;
    const lost = await pool.send(target, { ...message, raw: bodyOf(1_500_000) });
    expect(lost).toMatchObject({ kind: 'deferred', errorCode: 'smtp_connection_lost' });
    server.script = {};
    const large = bodyOf(40_000);
    expect(await pool.send(target, { ...message, raw: large })).toMatchObject({ code: 250 });
    expect(server.accepted[0]).toHaveLength(large.length - 2);
  });

  it.each([
    ['LOGIN', '334 VXNlcg==|334 UGFzcw==|235 in', ['AUTH LOGIN', 'dQ==', 'cA==']],
    ['XOAUTH2', '235 in', [/^AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIHABAQ==$/]],
    ['PLAIN LOGIN', '235 in', ['AUTH PLAIN AHUAcA==']],
  ] as [string, string, (string | RegExp)[]][])('logs in by %s', async (offer, replies, lines) => {
    server.script = { ehlo: auth(offer), auth: replies };
    const outcome = await pool.send({ ...target, username: 'u', password: 'p' }, message);
    expect(outcome).toMatchObject({ kind: 'delivered' });
    const spoken = server.commands.slice(1, 1 + lines.length);
    spoken.forEach((line, n) => expect(line).toMatch(lines[n]));
  });

  it.each([
    ['XOAUTH2, with a reason first', 'XOAUTH2', '334 eyJzdGF0dXMiOiI0MDEifQ==|535 5.7.8 token', 3],
    ['XOAUTH2 at once', 'XOAUTH2', '535 5.7.8 token', 2],
    ['XOAUTH2 for now', 'XOAUTH2', '454 4.7.0 later', 2],
    ['LOGIN at once', 'LOGIN', '504 5.5.4 not this one', 2],
    ['LOGIN at the name', 'LOGIN', '334 VXNlcg==|535 5.7.8 who', 3],
    ['LOGIN at the password', 'LOGIN', '334 VXNlcg==|334 UGFzcw==|535 5.7.8 wrong', 4],
    ['PLAIN, with a challenge', 'PLAIN', '334 ', 2],
  ])('AUTH %s refused: nothing is sent', async (_, offer, replies, lines) => {
    server.script = { ehlo: auth(offer), auth: replies };
    const outcome = await pool.send({ ...target, username: 'u', password: 'p' }, message);
    const code = Number(/(\d{3}) [^|]*$/.exec(replies)?.[1]);
    expect(outcome).toMatchObject({ kind: 'deferred', code, errorCode: 'smtp_auth_failed' });
    const spoken = server.commands.filter((line) => line !== 'QUIT');
    expect(spoken).toHaveLength(lines);
    expect(spoken.some((line) => line.startsWith('MAIL'))).toBe(false);
    if (replies.startsWith('334 ey')) expect(spoken.at(-1)).toBe('');
  });

  it('does not show the password to a server that offers no login', async () => {
    const outcome = await pool.send({ ...target, username: 'u', password: 'p' }, message);
    expect(outcome).toMatchObject({ kind: 'deferred', errorCode: 'smtp_auth_failed' });
    expect(server.commands.filter((line) => /^(AUTH|MAIL)/.test(line))).toEqual([]);
  });

  it('takes nothing that came in clear behind the 220 of STARTTLS', async () => {
    server.tls = { ...testCertificate, implicit: false };
    server.script = {
      ehlo: '250-s\r\n250 STARTTLS',
      starttls: '220 go\r\n250-injected\r\n250 AUTH PLAIN',
    };
    const outcome = await pool.send({ ...target, security: 'starttls' }, message);
    expect(outcome).toMatchObject({ kind: 'deferred', errorCode: 'smtp_protocol_error' });
  });

  it('a larger message than SIZE allows is not offered', async () => {
    server.script = { ehlo: '250-s\r\n250 SIZE 10' };
    const outcome = await pool.send(target, message);
    expect(outcome).toMatchObject({ kind: 'bounced', errorCode: 'message_too_large' });
  });

  it.each([
    ['bare line ends', 'a\n.b\rc', 'a\r\n..b\r\nc'],
    ['a leading dot', '.a\r\n.\r\n', '..a\r\n..'],
  ])('mends %s', async (_, foreign, sent) => {
    await pool.send(target, { ...message, raw: foreign });
    expect(server.accepted).toEqual([sent]);
  });

  it('leaves an idle connection with QUIT', async () => {
    pool.close();
    pool = createMailSender('own', { ...limits, idleMs: 20 }, timeouts);
    await pool.send(target, message);
    await eventually(() => expect(server.commands.at(-1)).toBe('QUIT'));
    expect(await pool.send(target, message)).toMatchObject({ kind: 'delivered' });
    expect(server.connections).toBe(2);
  });
});
