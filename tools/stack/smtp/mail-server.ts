import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { MessageStore } from './message-store.ts';
import { type Refusal, refusalOf, treatmentOf } from './recipients.ts';

const LARGEST_MESSAGE = 40 * 1024 * 1024;
const SLOW_MS = 5_000;
/** How soon a waiting answer notices that it need not wait any longer. */
const PACE_LOOK_MS = 20;

/** How late every answer to DATA comes; a change also counts for answers that wait already. */
export interface Pace {
  delayMs: number;
}

/** A mail server that takes everything, magic recipients aside, and sends nothing anywhere. */
export function createMailServer(store: MessageStore, pace: Pace): SMTPServer {
  const sockets = new Map<string, Socket>();
  const server = new SMTPServer({
    banner: 'PenguinMails sink',
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    size: LARGEST_MESSAGE,
    logger: false,
    closeTimeout: 1_000,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anyone' }),
    onRcptTo: ({ address }, _session, done) => done(asError(refusalOf(address))),
    onData: (stream, session, done) => {
      receive({ store, pace }, stream, session, sockets.get(peer(session))).then(
        (reply) => reply !== undefined && done(null, reply),
        (error: Error) => done(error),
      );
    },
  });
  server.server.on('connection', (socket: Socket) => track(sockets, socket));
  // Clients that vanish in the middle of a dialogue are what this server is for.
  server.on('error', (error) => process.stderr.write(`smtp: ${error.message}\n`));
  return server;
}

/** Stores the message; answers the reply's text, or undefined when the connection was cut. */
async function receive(
  { store, pace }: { store: MessageStore; pace: Pace },
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  socket: Socket | undefined,
): Promise<string | undefined> {
  const raw = await readAll(stream);
  if (stream.sizeExceeded) throw Object.assign(new Error('too large'), { responseCode: 552 });
  const { mailFrom, rcptTo } = session.envelope;
  const to = rcptTo.map((recipient) => recipient.address);
  const treatment = treatmentOf(to);
  const outcome = treatment === 'cut' ? 'cut' : 'accepted';
  const message = await store.add(raw, { from: mailFrom ? mailFrom.address : '', to, outcome });
  if (treatment === 'slow') await delay(SLOW_MS);
  const arrivedAt = performance.now();
  while (performance.now() - arrivedAt < pace.delayMs) await delay(PACE_LOOK_MS);
  if (treatment !== 'cut') return `2.0.0 kept as ${message.id}`;
  socket?.destroy();
  return undefined;
}

async function readAll(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function asError(refusal: Refusal | undefined): Error | null {
  if (!refusal) return null;
  return Object.assign(new Error(refusal.text), { responseCode: refusal.code });
}

const peer = (at: { remoteAddress?: string; remotePort?: number }): string =>
  `${at.remoteAddress}:${at.remotePort}`;

function track(sockets: Map<string, Socket>, socket: Socket): void {
  const key = peer(socket);
  sockets.set(key, socket);
  socket.once('close', () => sockets.delete(key));
}
