import type { SmtpServer } from '../smtp-server.js';
import { type Reply, SmtpFailure } from './smtp-failure.js';
import type { Wire } from './wire.js';

type Ask = (line: string) => Promise<Reply>;

interface Login {
  readonly user: string;
  readonly password: string;
}

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

/** RFC 4616. */
async function plain(ask: Ask, { user, password }: Login): Promise<Reply> {
  return ask(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
}

/** The prompts are not read: some servers word them otherwise. */
async function login(ask: Ask, { user, password }: Login): Promise<Reply> {
  const first = await ask('AUTH LOGIN');
  if (first.code !== 334) return first;
  const second = await ask(base64(user));
  return second.code === 334 ? ask(base64(password)) : second;
}

/** The password is an access token; a refusal comes as 334 with its reason, ended by an empty line. */
async function xoauth2(ask: Ask, { user, password }: Login): Promise<Reply> {
  const reply = await ask(
    `AUTH XOAUTH2 ${base64(`user=${user}\x01auth=Bearer ${password}\x01\x01`)}`,
  );
  return reply.code === 334 ? ask('') : reply;
}

/** In order of preference; a token login is for servers that offer nothing else. */
const mechanisms = new Map([
  ['PLAIN', plain],
  ['LOGIN', login],
  ['XOAUTH2', xoauth2],
]);

/**
 * Logs in by a mechanism that the server offers (RFC 4954). The connection is encrypted, or the mailbox
 * chose to go without.
 * @throws SmtpFailure `smtp_auth_failed`, with the server's reply where it gave one
 */
export async function logIn(
  wire: Wire,
  server: SmtpServer,
  offered: readonly string[],
  ms: number,
): Promise<void> {
  if (server.username === null) return;
  const [, speak] = [...mechanisms].find(([name]) => offered.includes(name)) ?? [];
  const clear = !wire.secure && server.security !== 'none';
  if (!speak || clear) throw new SmtpFailure('smtp_auth_failed');
  const ask: Ask = (line) => wire.ask(line, ms);
  const reply = await speak(ask, { user: server.username, password: server.password ?? '' });
  if (reply.code >= 300) throw new SmtpFailure('smtp_auth_failed', reply);
}
