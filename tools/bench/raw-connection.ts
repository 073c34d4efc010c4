import { connect, type Socket } from 'node:net';

/** An answer's status and body; nothing else is looked at. */
export interface RawAnswer {
  status: number;
  body: string;
}

interface Pending {
  resolve(answer: RawAnswer): void;
  reject(error: Error): void;
}

const HEAD_END = '\r\n\r\n';

/**
 * HTTP/1.1 over one kept-alive connection, one request at a time: as little client as a benchmark of
 * a server can have. Understands answers with a content-length only, which is what the gateway sends.
 */
export class RawConnection {
  #socket: Socket | undefined;
  #received = '';
  #pending: Pending | undefined;
  readonly #host: string;
  readonly #port: number;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  /** @param head request line and headers, each line ended, without content-length */
  send(head: string, body: string): Promise<RawAnswer> {
    const length = Buffer.byteLength(body);
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#open().write(`${head}content-length: ${length}\r\n\r\n${body}`);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
    this.#received = '';
    return (this.#socket = socket);
  }

  #take(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf(HEAD_END);
    if (end === -1) return;
    const body = this.#received.slice(end + HEAD_END.length);
    const wanted = /\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, end))?.[1];
    if (wanted === undefined) return this.#fail(new Error('an answer without content-length'));
    if (Buffer.byteLength(body) < Number(wanted)) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = '';
    this.#settle()?.resolve({ status, body });
  }

  #fail(error: Error): void {
    this.#socket?.destroy();
    this.#settle()?.reject(error);
  }

  #settle(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }
}
