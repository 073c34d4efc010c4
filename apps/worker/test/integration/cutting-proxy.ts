import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Whose bytes are counted. */
export type Side = 'client' | 'server';

export interface Cut {
  readonly side: Side;
  /** So many bytes of that side get through, and not one more. */
  readonly after: number;
  /** By a reset and not by an end: what is under way may be lost with it. */
  readonly reset: boolean;
}

/** Stands before a server and cuts one connection at a given byte. */
export class CuttingProxy {
  /** Of the next connection; those behind it are whole. */
  cut: Cut | undefined;
  /** Bytes since it was last set. */
  passed: Record<Side, number> = { client: 0, server: 0 };
  private readonly ends: Promise<unknown>[] = [];

  private constructor(
    private readonly proxy: Server,
    private readonly to: number,
  ) {}

  static async start(to: number): Promise<CuttingProxy> {
    const proxy = createServer({ noDelay: true });
    const cutting = new CuttingProxy(proxy, to);
    proxy.on('connection', (socket) => cutting.serve(socket));
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    return cutting;
  }

  get port(): number {
    return (this.proxy.address() as AddressInfo).port;
  }

  /** Settles when the server has read, and closed, all that it was given. */
  async quiet(): Promise<void> {
    await Promise.all(this.ends);
  }

  async stop(): Promise<void> {
    this.proxy.close();
    await once(this.proxy, 'close');
  }

  private serve(client: Socket): void {
    const server = connect({ port: this.to, host: '127.0.0.1', noDelay: true });
    // Also where an error comes first: sockets close in any order.
    this.ends.push(new Promise((resolve) => server.once('close', resolve)));
    const { cut } = this;
    this.cut = undefined;
    this.forward(client, server, 'client', cut);
    this.forward(server, client, 'server', cut);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => one.destroy());
      one.on('close', () => other.end());
    }
  }

  private forward(from: Socket, to: Socket, side: Side, cut: Cut | undefined): void {
    let left = cut?.side === side ? cut.after : Infinity;
    from.on('data', (chunk: Buffer) => {
      this.passed[side] += chunk.length;
      if (chunk.length < left) to.write(chunk);
      else if (left >= 0) this.end(from, to, chunk.subarray(0, left), cut?.reset === true);
      left = chunk.length < left ? left - chunk.length : -1;
    });
  }

  /** Nothing more goes either way; what the receiver has been given it may still read. */
  private end(from: Socket, to: Socket, last: Buffer, reset: boolean): void {
    to.removeAllListeners('data').resume();
    if (reset) to.write(last, () => to.resetAndDestroy());
    else to.end(last);
    from.end();
  }
}
