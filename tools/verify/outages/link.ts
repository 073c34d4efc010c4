import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

const HOST = '127.0.0.1';
/** One direction may end before the other. */
const HALF = { allowHalfOpen: true };

/** A port that forwards to another one, late or not at all when told so. */
export class Link {
  /** Milliseconds that each piece of an answer comes late; pieces keep their order. */
  delayMs = 0;
  readonly #port: number;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(port: number, target: number) {
    this.#port = port;
    this.#target = target;
  }

  async open(): Promise<void> {
    this.#server = createServer(HALF, (client) => this.#forward(client));
    this.#server.listen(this.#port, HOST);
    await once(this.#server, 'listening');
  }

  /** Connections are reset and new ones refused, as by a host whose process has died. */
  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #forward(client: Socket): void {
    const target = connect({ ...HALF, port: this.#target, host: HOST });
    this.#keep(client, () => target.destroy());
    // What it has said before it went is still on its way.
    this.#keep(target, () => this.#answer(client, () => client.destroySoon()));
    client.pipe(target);
    target.on('data', (piece) => this.#answer(client, () => client.write(piece)));
    target.on('end', () => this.#answer(client, () => client.end()));
  }

  /** Either end may go at any time, orderly or by a reset, which ends the other one too. */
  #keep(socket: Socket, gone: () => void): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      gone();
    });
  }

  #answer(client: Socket, give: () => unknown): void {
    if (this.delayMs === 0) return void give();
    setTimeout(() => client.writable && give(), this.delayMs);
  }
}
