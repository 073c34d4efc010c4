import { hostname } from 'node:os';
import type { SmtpServer } from '../smtp-server.js';
import { type Extensions, readExtensions } from './extensions.js';
import { logIn } from './log-in.js';
import type { Phases } from './phases.js';
import { type Reply, SmtpFailure } from './smtp-failure.js';
import { Wire } from './wire.js';

export interface OpenWire {
  readonly wire: Wire;
  readonly extensions: Extensions;
}

/**
 * Connects, greets, encrypts and logs in.
 * @param cut ends it early
 * @throws SmtpFailure nothing was sent
 */
export async function openWire(
  server: SmtpServer,
  phases: Phases,
  cut: AbortSignal,
): Promise<OpenWire> {
  const wire = new Wire(server);
  const onCut = () => wire.end(new SmtpFailure('smtp_connection_lost'));
  cut.addEventListener('abort', onCut);
  try {
    return { wire, extensions: await prepare(wire, server, phases) };
  } catch (error) {
    wire.quit();
    throw error;
  } finally {
    cut.removeEventListener('abort', onCut);
  }
}

async function prepare(wire: Wire, server: SmtpServer, phases: Phases): Promise<Extensions> {
  await wire.open(phases.connect);
  accepted(await wire.ask(undefined, phases.greeting));
  let extensions = await greet(wire, phases);
  if (server.security === 'starttls') extensions = await encrypt(wire, extensions, phases);
  await logIn(wire, server, extensions.auth, phases.command);
  return extensions;
}

/** What was announced before the handshake counts no longer (RFC 3207 section 4.2). */
async function encrypt(wire: Wire, { startTls }: Extensions, phases: Phases): Promise<Extensions> {
  if (!startTls) throw new SmtpFailure('smtp_tls_failed');
  accepted(await wire.ask('STARTTLS', phases.command));
  await wire.upgrade(phases.connect);
  return greet(wire, phases);
}

/** A server that does not know EHLO is spoken to without extensions. */
async function greet(wire: Wire, { command }: Phases): Promise<Extensions> {
  const name = hostname().includes('.') ? hostname() : wire.addressLiteral;
  const reply = await wire.ask(`EHLO ${name}`, command);
  if (reply.code < 500) return readExtensions(accepted(reply).text);
  accepted(await wire.ask(`HELO ${name}`, command));
  return readExtensions('');
}

function accepted(reply: Reply): Reply {
  if (reply.code >= 300) throw new SmtpFailure('smtp_connection_lost', reply);
  return reply;
}
