import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import { createMailSender, smtpClients } from '../../src/smtp/create-mail-sender.js';
import type { MailSender } from '../../src/smtp/mail-sender.js';
import type { SmtpServer } from '../../src/smtp/smtp-server.js';
import { CUT, ScriptedServer, type Script, SILENT } from './scripted-server.js';

const limits = { connections: 2, messagesPerConnection: 3, idleMs: 60_000 };
const timeouts = { connectMs: 30_000, greetingMs: 30_000, silenceMs: 30_000 };
const raw = 'Subject: x\r\n\r\n.leading dot\r\nbody\r\n';
const message = { from: 'a@sender.test', to: 'b@receiver.test', raw };

describe.each(smtpClients)('the %s client against a scripted server', (client) => {
  let server: ScriptedServer;
  let pool: MailSender;
  let target: SmtpServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    pool = createMailSender(client, limits, timeouts);
    target = {
      host: '127.0.0.1',
      port: server.port,
      security: 'none',
      username: null,
      password: null,
    };
  });

  afterEach(async () => {
    pool.close();
    await server.stop();
  });

  it.each([
    ['all well', {}, 'delivered', 250, 1],
    ['greeting refused', { greeting: '554 no service' }, 'deferred', 554, 0],
    ['cut at the greeting', { greeting: CUT }, 'deferred', null, 0],
    ['cut at EHLO', { ehlo: CUT }, 'deferred', null, 0],
    ['MAIL 451', { mail: '451 4.3.0 later' }, 'deferred', 451, 0],
    ['MAIL 550', { mail: '550 5.7.1 not you' }, 'bounced', 550, 0],
    ['RCPT 450', { rcpt: '450 4.2.1 busy' }, 'deferred', 450, 0],
    ['RCPT 550', { rcpt: '550 5.1.1 nobody' }, 'bounced', 550, 0],
    ['DATA 452', { data: '452 4.3.1 full' }, 'deferred', 452, 0],
    ['421 at DATA', { data: '421 4.3.2 closing' }, 'deferred', 421, 0],
    ['cut at DATA, before 354', { data: CUT }, 'deferred', null, 0],
    ['cut in the body', { body: CUT }, 'unknown', null, 0],
    ['cut at the dot', { dot: CUT }, 'unknown', null, 0],
    ['dot 451', { dot: '451 4.0.0 later' }, 'deferred', 451, 0],
    ['dot 554', { dot: '554 5.6.0 spam' }, 'bounced', 554, 0],
  ] as [string, Script, string, number | null, number][])(
    '%s',
    async (_, script, kind, code, kept) => {
      server.script = script;
      const outcome = await pool.send(target, message);
      expect(outcome).toMatchObject({ kind, code });
      expect(server.accepted).toHaveLength(kept);
    },
  );

  it('says deferred when nobody listens', async () => {
    await server.stop();
    const outcome = await pool.send(target, message);
    expect(outcome).toMatchObject({ kind: 'deferred', errorCode: 'smtp_connection_refused' });
    server = await ScriptedServer.start();
  });

  it('keeps connections, up to their limit of messages', async () => {
    for (let n = 0; n < 4; n += 1) await pool.send(target, message);
    expect(server.accepted).toHaveLength(4);
    expect(server.connections).toBe(2);
  });

  it('opens as many connections as allowed, and never more', async () => {
    pool.close();
    pool = createMailSender(client, { ...limits, messagesPerConnection: 50 }, timeouts);
    const bothConnected = Promise.withResolvers<void>();
    server.greetAfter = bothConnected.promise;
    const sending = Array.from({ length: 6 }, () => pool.send(target, message));
    await eventually(() => server.connections >= 2);
    bothConnected.resolve();
    await Promise.all(sending);
    expect(server.accepted).toHaveLength(6);
    expect(server.connections).toBe(2);
  });

  it('logs in again for another password: a connection is only for those who know its login', async () => {
    server.script = { ehlo: '250-scripted\r\n250 AUTH PLAIN' };
    const login = { ...target, username: 'shop', password: 'old' };
    for (const password of ['old', 'old', 'new']) await pool.send({ ...login, password }, message);
    expect(server.accepted).toHaveLength(3);
    expect(server.logins).toEqual(['\0shop\0old', '\0shop\0new']);
  });

  it('goes on over the same connection after a refused recipient', async () => {
    server.script = { rcpt: '550 5.1.1 nobody' };
    await pool.send(target, message);
    server.script = {};
    expect(await pool.send(target, message)).toMatchObject({ kind: 'delivered' });
    expect(server.connections).toBe(1);
  });

  it('tries a new connection when the kept one died unseen, and sends once', async () => {
    await pool.send(target, message);
    server.script = { mail: CUT };
    const sending = pool.send(target, message);
    server.script = {};
    server.cutAll();
    expect(await sending).toMatchObject({ kind: 'delivered' });
    expect(server.accepted).toHaveLength(2);
  });

  it.each([
    ['before the body', { mail: SILENT }, 'deferred'],
    ['after the body', { dot: SILENT }, 'unknown'],
  ] as [string, Script, string][])('ends a message that is cut %s', async (_, script, kind) => {
    server.script = script;
    const sending = pool.send(target, message);
    await eventually(() => expect(server.silences).toBe(1));
    pool.close();
    expect(await sending).toMatchObject({ kind });
  });

  it.each([
    ['of a server that does not greet', { greeting: SILENT }, ['returned', 'returned', 'returned']],
    ['of busy connections', { dot: SILENT }, ['unknown', 'unknown', 'returned']],
  ] as [string, Script, string[]][])(
    'gives back what waits for a connection %s when it closes',
    async (_, script, kinds) => {
      server.script = script;
      const sending = [1, 2, 3].map(() => pool.send(target, message));
      await eventually(() => expect(server.silences).toBe(2));
      pool.close();
      expect((await Promise.all(sending)).map(({ kind }) => kind)).toEqual(kinds);
      expect(server.connections).toBe(2);
    },
  );

  it.each([
    'b@x.test\r\nRCPT TO:<evil@x.test>',
    'b@x.test,evil@x.test',
    'b@x.test\0',
    '<b@x.test>',
  ])('refuses the recipient %j before it reaches the server', async (to) => {
    expect(await pool.send(target, { ...message, to })).toMatchObject({ kind: 'failed' });
    expect(server.accepted).toHaveLength(0);
  });

  it('stuffs leading dots (RFC 5321 section 4.5.2)', async () => {
    await pool.send(target, message);
    expect(server.accepted[0]).toContain('\r\n..leading dot\r\n');
  });
});
