import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createMailSender, smtpClients } from '../../src/smtp/create-mail-sender.js';
import type { SmtpServer } from '../../src/smtp/smtp-server.js';
import { type Cut, CuttingProxy, type Side } from './cutting-proxy.js';
import { ScriptedServer } from './scripted-server.js';
import { testCertificate } from './test-certificate.js';

const MESSAGES = 3;
const limits = { connections: 1, messagesPerConnection: 50, idleMs: 60_000 };
const timeouts = { connectMs: 60_000, greetingMs: 60_000, silenceMs: 60_000 };
const trusted = getCACertificates('default');

let server: ScriptedServer;
let proxy: CuttingProxy;

beforeEach(async () => {
  server = await ScriptedServer.start();
  proxy = await CuttingProxy.start(server.port);
});

afterEach(async () => {
  setDefaultCACertificates(trusted);
  await proxy.stop();
  await server.stop();
});

type Login = Pick<SmtpServer, 'security' | 'username' | 'password'>;
type Client = (typeof smtpClients)[number];

interface Sent {
  readonly id: string;
  readonly kind: string;
}

let exchanges = 0;

/** Three messages at once by a client of their own, whose first connection is cut. */
async function exchange(client: Client, login: Login, cut?: Cut): Promise<Sent[]> {
  const pool = createMailSender(client, limits, timeouts);
  const target = { host: '127.0.0.1', port: proxy.port, ...login };
  proxy.cut = cut;
  const run = (exchanges += 1);
  const sent = Array.from({ length: MESSAGES }, async (_, n) => {
    const id = `${run}/${n}`;
    const raw = `Subject: ${id}\r\n\r\nbody\r\n`;
    const { kind } = await pool.send(target, { from: 'a@sender.test', to: 'b@r.test', raw });
    return { id, kind };
  });
  const all = await Promise.all(sent);
  pool.close();
  return all;
}

/** Cuts after every `step`th byte of either side, by turns with and without a reset. */
async function cutEverywhere(client: Client, login: Login, step: number): Promise<Sent[][]> {
  proxy.passed = { client: 0, server: 0 };
  const whole = await exchange(client, login);
  const passed = { ...proxy.passed };
  const runs = [whole];
  for (const side of ['server', 'client'] as Side[])
    for (let after = 0; after < passed[side]; after += step)
      runs.push(await exchange(client, login, { side, after, reset: (after / step) % 2 === 1 }));
  await proxy.quiet();
  return runs;
}

/** How often the server has kept each message. */
function copies(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of server.accepted) {
    const id = /^Subject: (\S+)/.exec(text)?.[1] ?? text;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** What the server may have kept of a message with this outcome. */
const ALLOWED: Readonly<Record<string, readonly number[]>> = {
  delivered: [1],
  deferred: [0],
  unknown: [0, 1],
};

const none: Login = { security: 'none', username: null, password: null };
const secret: Login = { security: 'starttls', username: 'u', password: 'p' };
const dialogues: [string, string, Login, number][] = [
  ['one command at a time', '250 scripted', none, 1],
  ['pipelined', '250-scripted\r\n250 PIPELINING', none, 1],
  [
    'over TLS, with a login',
    '250-s\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 AUTH PLAIN',
    secret,
    17,
  ],
];

describe.each(smtpClients)('a connection that is cut anywhere: %s', (client) => {
  it.each(dialogues)(
    '%s: no outcome is wrong',
    async (_, ehlo, login, step) => {
      server.script = { ehlo };
      server.tls = { ...testCertificate, implicit: false };
      setDefaultCACertificates([...trusted, testCertificate.cert]);
      // The fallback is slower, and has less to get wrong: nothing of it is pipelined.
      const runs = await cutEverywhere(client, login, client === 'own' ? step : 3 * step);
      const kept = copies();
      const wrong = runs
        .flat()
        .filter(({ id, kind }) => !ALLOWED[kind]?.includes(kept.get(id) ?? 0))
        .map((sent) => ({ ...sent, copies: kept.get(sent.id) ?? 0 }));
      expect(wrong).toEqual([]);
      const unknown = runs.map((run) => run.filter(({ kind }) => kind === 'unknown').length);
      expect(Math.max(...unknown)).toBe(1);
      expect(new Set(runs.flat().map(({ kind }) => kind)).size).toBe(3);
    },
    300_000,
  );
});
