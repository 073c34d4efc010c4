import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createMailSender } from '../../src/smtp/create-mail-sender.js';
import type { MailSender, PendingMessage } from '../../src/smtp/mail-sender.js';
import { outcomeOfError, type SendOutcome } from '../../src/smtp/send-outcome.js';
import type { SmtpServer } from '../../src/smtp/smtp-server.js';
import { CUT, ScriptedServer, type Step } from './scripted-server.js';

const CONNECTIONS = 2;
const limits = { connections: CONNECTIONS, messagesPerConnection: 1_000, idleMs: 60_000 };
const timeouts = { connectMs: 30_000, greetingMs: 30_000, silenceMs: 30_000 };
const ehlo = '250-scripted\r\n250 PIPELINING';
const unsigned = outcomeOfError('deferred', 'dkim_unsigned');

let server: ScriptedServer;
let pool: MailSender;
let target: SmtpServer;
/** How often each message was written, and which were there before a connection asked for them. */
let written: Map<number, number>;
let settled: number;
let mostAhead: number;

beforeEach(async () => {
  server = await ScriptedServer.start();
  server.script = { ehlo };
  pool = createMailSender('own', limits, timeouts);
  const { port } = server;
  target = { host: '127.0.0.1', port, security: 'none', username: null, password: null };
  written = new Map();
  settled = mostAhead = 0;
});

afterEach(async () => {
  pool.close();
  await server.stop();
});

function pending(n: number, refused?: SendOutcome): PendingMessage {
  const write = () => {
    written.set(n, (written.get(n) ?? 0) + 1);
    mostAhead = Math.max(mostAhead, written.size - settled);
    return refused ? { outcome: refused } : { raw: `Subject: ${n}.\r\n\r\nbody\r\n` };
  };
  return { from: 'a@sender.test', to: `b${n}@receiver.test`, write };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

async function send(count: number, refused: (n: number) => SendOutcome | undefined) {
  const sent = numbers(count).map(async (n) => {
    const outcome = await pool.send(target, pending(n, refused(n)));
    settled += 1;
    return outcome.kind;
  });
  return Promise.all(sent);
}

/** Cuts the connection at every `n`th time of a step. */
function cutEach(n: number, at: Step): void {
  let times = 0;
  server.onStep = (step) => {
    if (step === at) times += 1;
    server.script = step === at && times % n === 0 ? { ehlo, [at]: CUT } : { ehlo };
  };
}

const copies = (n: number) => server.accepted.filter((text) => text.startsWith(`Subject: ${n}.`));

describe('messages that are written before a connection takes them', () => {
  it('are few: on each connection one is on its way, one is next, and one more is ready', async () => {
    expect(await send(100, () => undefined)).toEqual(Array(100).fill('delivered'));
    expect([...written.values()]).toEqual(Array(100).fill(1));
    expect(mostAhead).toBeGreaterThan(2 * CONNECTIONS);
    expect(mostAhead).toBeLessThanOrEqual(3 * CONNECTIONS + 1);
  });

  it('are refused when their turn comes, and written once all the same', async () => {
    const kinds = await send(60, (n) => (n % 3 === 0 ? unsigned : undefined));
    expect(kinds).toEqual(numbers(60).map((n) => (n % 3 === 0 ? 'deferred' : 'delivered')));
    expect([...written.values()]).toEqual(Array(60).fill(1));
    expect(server.accepted).toHaveLength(40);
  });

  it.each([
    ['dot', 'unknown'],
    ['data', 'deferred'],
    ['mail', 'deferred'],
  ] as const)('are not begun when the connection is cut at %s', async (step, kind) => {
    cutEach(7, step);
    const kinds = await send(100, () => undefined);
    // The reply that was cut off belongs to one message; the next had its envelope in the same write.
    for (const n of numbers(100)) {
      expect(written.get(n)).toBe(1);
      expect(copies(n)).toHaveLength(kinds[n] === 'delivered' ? 1 : 0);
      expect(['delivered', kind]).toContain(kinds[n]);
    }
    const cuts = server.connections - CONNECTIONS;
    expect(cuts).toBeGreaterThan(0);
    expect(kinds.filter((one) => one !== 'delivered').length).toBeLessThanOrEqual(cuts + 1);
  });

  it('are given back untried when the worker stops', async () => {
    const sent = send(50, () => undefined);
    server.onStep = (step) => {
      if (step === 'dot' && server.accepted.length === 10) pool.close();
    };
    const kinds = await sent;
    const count = (kind: string) => kinds.filter((one) => one === kind).length;
    expect(count('delivered') + count('unknown') + count('deferred')).toBeLessThanOrEqual(16);
    expect(count('returned')).toBeGreaterThanOrEqual(34);
    expect(count('unknown')).toBeLessThanOrEqual(CONNECTIONS);
  });
});
