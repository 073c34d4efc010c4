import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { drain, useDrain } from './drain.js';

const FOR_EVER = 2 ** 31 - 1;

let instance: FastifyInstance;
const sockets: Socket[] = [];
afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.destroy());
  await instance.close();
});

/** A server whose only route answers when it is told to. */
async function start() {
  let answer: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (answer = resolve));
  instance = fastify();
  useDrain(instance);
  instance.get('/', () => told.then(() => 'done'));
  await instance.listen({ host: '127.0.0.1', port: 0 });
  return { server: instance.server as Server, answer };
}

async function open(server: Server): Promise<Socket> {
  const accepted = once(server, 'connection');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  await accepted;
  return socket;
}

describe('draining', () => {
  it('does not wait for a connection that nobody has asked anything on', async () => {
    const { server } = await start();
    const closed = once(await open(server), 'close');
    await drain(server, { lingerMs: 0, timeoutMs: FOR_EVER });
    await closed;
  });

  it('waits for the answer of one that somebody has asked on', async () => {
    const { server, answer } = await start();
    const socket = await open(server);
    const asked = once(server, 'request');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await asked;
    const drained = drain(server, { lingerMs: 0, timeoutMs: FOR_EVER });
    answer();
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1.1 200 OK[\s\S]*connection: close[\s\S]*done$/i);
    await drained;
  });
});
