import { createHash } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LONGEST_SOCKET_PATH = 100; // sockaddr_un holds 108 bytes, 104 on macOS
const ANSWER_WITHIN_MS = 120_000;

/** What the supervisor answers: a text for the person, and whether it worked. */
export interface ControlAnswer {
  ok: boolean;
  text: string;
}

/** `command`: status, stop, kill, pause, resume, start; `part`: empty when it is about all. */
export type ControlHandler = (command: string, part: string) => Promise<ControlAnswer>;

/** Where the supervisor of a data directory listens; in tmp when the path is too long for a socket. */
export function controlSocketPath(dataDirectory: string): string {
  const path = join(dataDirectory, 'control.sock');
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return path;
  const hash = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  return join(tmpdir(), `penguinmails-${hash}.sock`);
}

/** Listens on the control socket, for this user only. */
export async function listenForControl(
  dataDirectory: string,
  handle: ControlHandler,
): Promise<Server> {
  const path = controlSocketPath(dataDirectory);
  rmSync(path, { force: true });
  const server = createServer((incoming, response) => {
    const [, command = '', part = ''] = (incoming.url ?? '').split('/');
    void answer(handle, command, part).then((result) => response.end(JSON.stringify(result)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

async function answer(
  handle: ControlHandler,
  command: string,
  part: string,
): Promise<ControlAnswer> {
  try {
    return await handle(command, part);
  } catch (error) {
    return { ok: false, text: (error as Error).message };
  }
}

/**
 * Sends one command to the supervisor of a data directory.
 *
 * @returns undefined when no stack runs there
 */
export async function sendControl(
  dataDirectory: string,
  command: string,
  part = '',
): Promise<ControlAnswer | undefined> {
  try {
    return await exchange(controlSocketPath(dataDirectory), `/${command}/${part}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw error;
  }
}

function exchange(socketPath: string, path: string): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method: 'POST', timeout: ANSWER_WITHIN_MS });
    outgoing.once('response', (response) => readJson(response).then(resolve, reject));
    outgoing.once('error', reject);
    outgoing.once('timeout', () => outgoing.destroy(new Error('the supervisor does not answer')));
    outgoing.end();
  });
}

async function readJson(response: IncomingMessage): Promise<ControlAnswer> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return JSON.parse(text) as ControlAnswer;
}
