import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

const HOST = '127.0.0.1';

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
    this.#server = createServer((client) => this.#forward(client)).listen(this.#port, HOST);
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
    const target = connect(this.#target, HOST);
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      // Either end may go at any time, which ends the other one too.
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroySoon();
      });
    }
    client.pipe(target);
    target.on('data', (piece) => this.#answer(client, () => client.write(piece)));
    target.on('end', () => this.#answer(client, () => client.end()));
  }

  #answer(client: Socket, give: () => unknown): void {
    if (this.delayMs === 0) return void give();
    setTimeout(() => !client.destroyed && give(), this.delayMs);
  }
}
