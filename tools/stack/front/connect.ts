import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const CONNECT_WITHIN_MS = 500;

/** A connection to the first of these ports that takes one; undefined when none does. */
export async function connectToFirst(
  ports: readonly number[],
  host: string,
): Promise<Socket | undefined> {
  for (const port of ports) {
    const socket = await connectTo(port, host);
    if (socket) return socket;
  }
  return undefined;
}

async function connectTo(port: number, host: string): Promise<Socket | undefined> {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
  const late = setTimeout(() => socket.destroy(new Error('late')), CONNECT_WITHIN_MS);
  const connected = await Promise.race([
    once(socket, 'connect').then(
      () => true,
      () => false,
    ),
    once(socket, 'close').then(() => false),
  ]);
  clearTimeout(late);
  return connected ? socket : undefined;
}
