import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { freePorts } from '../../../libs/testing/src/free-port.ts';
import { Link } from './link.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that answers with what it was told, then closes; and a link to it. */
async function linkedEcho(): Promise<{ link: Link; port: number }> {
  const [target = 0, port = 0] = await freePorts(2);
  const server = createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket));
  await once(server.listen(target, '127.0.0.1'), 'listening');
  const link = new Link(port, target);
  await link.open();
  closers.push(async () => {
    await link.close();
    await new Promise((done) => server.close(done));
  });
  return { link, port };
}

async function ask(port: number, words: string): Promise<{ answer: string; ms: number }> {
  const began = performance.now();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(words);
  return { answer: await text(socket), ms: performance.now() - began };
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

describe('a link', () => {
  it('forwards, and is late as long as it is told to', async () => {
    const { link, port } = await linkedEcho();
    expect((await ask(port, 'at once')).answer).toBe('at once');
    link.delayMs = 200;
    const late = await ask(port, 'late');
    expect(late.answer).toBe('late');
    expect(late.ms).toBeGreaterThanOrEqual(195);
    link.delayMs = 0;
    expect((await ask(port, 'again')).answer).toBe('again');
  });

  it('that is closed resets what is open and refuses what is new', async () => {
    const { link, port } = await linkedEcho();
    const socket = await opened(port);
    const reset = once(socket, 'error');
    await link.close();
    expect((await reset)[0]).toMatchObject({ code: 'ECONNRESET' });
    await expect(opened(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await link.open();
    expect((await ask(port, 'back')).answer).toBe('back');
  });
});
