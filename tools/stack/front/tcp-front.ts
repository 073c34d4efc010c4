import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { type Backend, Backends } from './backends.ts';
import { connectToFirst } from './connect.ts';

const HOST = '127.0.0.1';

/**
 * One address for the processes of one app, as a Kubernetes Service is: it hands each new connection
 * to the next process that is ready, and leaves connections alone from then on.
 */
export class TcpFront {
  readonly #server: Server;
  readonly #backends: Backends;
  readonly #port: number;
  readonly #open = new Set<Socket>();

  constructor(port: number, backends: readonly Backend[]) {
    this.#port = port;
    this.#backends = new Backends(backends);
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    this.#server.on('connection', (client) => void this.#hand(client));
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#port, HOST);
    await once(this.#server, 'listening');
    this.#backends.watch();
  }

  /** Cuts what is still open. */
  async close(): Promise<void> {
    this.#backends.unwatch();
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  /** A client that nobody takes is refused as it would be by a closed port: with a reset. */
  async #hand(client: Socket): Promise<void> {
    this.#track(client);
    client.on('error', () => client.destroy());
    const backend = await connectToFirst(this.#backends.inTurn(), HOST);
    if (!backend) return void client.resetAndDestroy();
    if (client.destroyed) return void backend.destroy();
    this.#track(backend);
    join(client, backend);
    join(backend, client);
  }

  #track(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }
}

/** Bytes, end and breakdown of one side reach the other. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on('error', () => to.resetAndDestroy());
  from.once('close', () => to.destroySoon());
}
