import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { PlainPool } from './pool-owner.js';

let server: Server;

afterEach(() => void server.close());

/** A message of PostgreSQL's protocol: type, length, body. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const FATAL = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection', ''].join('\0') + '\0';
const WELCOME_AND_FAREWELL = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('Z', Buffer.from('I')),
  message('E', Buffer.from(FATAL)),
]);

it('outlives a server that says ready and good-bye in one packet', async () => {
  server = createServer((socket) =>
    socket.once('data', () => socket.end(WELCOME_AND_FAREWELL)),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const problems: Error[] = [];
  const settings = { max: 1, idleTimeoutMillis: 1_000, connectionTimeoutMillis: 5_000 };
  const url = `postgresql://u:p@127.0.0.1:${port}/d`;
  const owner = new PlainPool({ url, ...settings }, 'spec', (problem) => problems.push(problem));
  const client = await (await owner.pool()).connect();
  expect(problems.map((problem) => (problem as { code?: string }).code)).toContain('57P01');
  await expect(client.query('SELECT 1')).rejects.toThrow('not queryable');
  client.release(true);
  await owner.close();
});
