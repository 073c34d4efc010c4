import { createHash } from 'node:crypto';

/** Where and how to hand a message over. `security`: TLS from the start, STARTTLS required, or none. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly username: string | null;
  readonly password: string | null;
}

const SECURITY: Readonly<Record<string, SmtpServer['security']>> = {
  'smtps:': 'tls',
  'smtp+starttls:': 'starttls',
  'smtp:': 'none',
};

/**
 * Reads `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`.
 * @throws Error without the URL's text, which may hold a password
 */
export function parseSmtpUrl(text: string): SmtpServer {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const security = url && SECURITY[url.protocol];
  if (!security || url.hostname === '')
    throw new Error('an SMTP URL is smtp://, smtp+starttls:// or smtps:// with a host');
  return {
    host: url.hostname,
    port: Number(url.port) || (security === 'tls' ? 465 : security === 'starttls' ? 587 : 25),
    security,
    username: url.username === '' ? null : decodeURIComponent(url.username),
    password: url.password === '' ? null : decodeURIComponent(url.password),
  };
}

/**
 * Connections are shared by everything that speaks to the same server with the same login. The password
 * belongs to it: who does not know it must not get a connection that somebody else has logged in.
 */
export function serverKey(server: SmtpServer): string {
  const known = keys.get(server);
  if (known !== undefined) return known;
  const key = keyOf(server);
  keys.set(server, key);
  return key;
}

/** A server is the same object for many messages. */
const keys = new WeakMap<SmtpServer, string>();

function keyOf({ host, port, security, username, password }: SmtpServer): string {
  const proof = createHash('sha256')
    .update(password ?? '')
    .digest('base64url');
  return JSON.stringify([security, host, port, username, proof]);
}
