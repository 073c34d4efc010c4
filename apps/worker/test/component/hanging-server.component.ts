import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing';
import { WorkerBench } from './worker-bench.js';

const CAPACITY = 8;

/** Takes connections and never says a word. */
class SilentServer {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

describe('a mail server that hangs', () => {
  const silent = new SilentServer();
  const theirMailbox = newId();
  let bench: WorkerBench;

  beforeEach(async () => {
    bench = await WorkerBench.start({ WORKER_CAPACITY: String(CAPACITY) });
    const login = { username: null, password: null } as const;
    const server = { host: '127.0.0.1', port: await silent.start(), security: 'none' } as const;
    const smtp = { ...server, ...login };
    bench.oltp.mailboxes.set(theirMailbox, { smtp, unknown_outcome_policy: 'retry_once' });
  });
  afterEach(async () => {
    silent.stop();
    await bench.stop();
  });

  it('holds half of the worker, and the mail of others goes out meanwhile', async () => {
    const job = { tenant_id: newId(), mailbox_id: theirMailbox };
    const stuck = Array.from({ length: 5 * CAPACITY }, (_, n) =>
      bench.accept({ to: `stuck${n}@hanging.test`, job }),
    );
    bench.queue.offer(...stuck);
    await eventually(() => expect(bench.oltp.begun).toHaveLength(CAPACITY / 2));
    const others = Array.from({ length: CAPACITY }, (_, n) =>
      bench.send({ to: `other${n}@receiver.test` }),
    );
    const outcomes = await Promise.all(others.map((id) => bench.outcomeOf(id)));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['delivered']));
    expect(bench.oltp.begun).toHaveLength(CAPACITY / 2 + others.length);
  });

  it('gives back what is over its half, unbegun and not before a while', async () => {
    const job = { tenant_id: newId(), mailbox_id: theirMailbox };
    const jobs = Array.from({ length: CAPACITY }, (_, n) =>
      bench.accept({ to: `stuck${n}@hanging.test`, job }),
    );
    bench.queue.offer(...jobs);
    await eventually(() => expect(bench.queue.results).toHaveLength(CAPACITY / 2));
    for (const result of bench.queue.results)
      expect(result).toMatchObject({
        kind: 'returned',
        error_code: 'server_busy',
        retry_after_ms: 5_000,
      });
    expect(bench.oltp.begun).toHaveLength(CAPACITY / 2);
  });
});
