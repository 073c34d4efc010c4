import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Ledger } from '../ledger.ts';
import { Load } from './load.ts';

interface Seen {
  key: string;
  to: string;
  /** The ledger as it stood on the disk when the request came in. */
  ledger: string;
}

let directory: string;
let ledger: Ledger;
let server: Server;
let seen: Seen[];
/** What the server does with the n-th request. */
let behave: (n: number, response: ServerResponse) => void;

const accept = (response: ServerResponse, id = 'id-1'): void =>
  void response.writeHead(202).end(JSON.stringify({ id }));

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const onDisk = readFileSync(join(directory, 'ledger.jsonl'), 'utf8');
  const { to } = JSON.parse(await text(request)) as { to: string };
  seen.push({ key: String(request.headers['idempotency-key']), to, ledger: onDisk });
  behave(seen.length, response);
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'load-spec-'));
  ledger = await Ledger.open(join(directory, 'ledger.jsonl'));
  seen = [];
  server = createServer((request, response) => void take(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await ledger.close();
  rmSync(directory, { recursive: true });
});

async function send(emails: number): Promise<Load> {
  const { port } = server.address() as AddressInfo;
  const load = new Load({
    publicUrl: `http://127.0.0.1:${port}`,
    senders: [{ tenantId: 't', key: 'k', from: 'me@here.test' }],
    ledger,
    emails,
    concurrency: 1,
    label: 'x',
  });
  await load.run();
  return load;
}

describe('the clients', () => {
  it('have written down what they send before it leaves, and the 2xx after it', async () => {
    behave = (n, response) => accept(response, `id-${n}`);
    await send(2);
    expect(seen.map(({ key, to }) => [key, to])).toEqual([
      ['x-0', 'x-0@chaos.test'],
      ['x-1', 'x-1@chaos.test'],
    ]);
    for (const { key, ledger: onDisk } of seen) expect(onDisk).toContain(`{"tried":"${key}"`);
    expect([...ledger.acked]).toEqual([
      ['x-0', 'id-1'],
      ['x-1', 'id-2'],
    ]);
  });

  it('ask again with the same key when an answer is lost or says so', async () => {
    behave = (n, response) => {
      if (n === 1) response.destroy();
      else if (n === 2) response.writeHead(503).end('{}');
      else if (n === 3) response.writeHead(409).end('{}');
      else accept(response);
    };
    const load = await send(1);
    expect(seen.map(({ key }) => key)).toEqual(['x-0', 'x-0', 'x-0', 'x-0']);
    expect(load.report.answers).toEqual({ lost: 1, '503': 1, '409': 1, '202': 1 });
    expect(ledger.tried.size).toBe(1);
  });

  it.each([422, 500])('do not ask again after %i, which stays unacknowledged', async (status) => {
    behave = (_n, response) => void response.writeHead(status).end('{}');
    await send(1);
    expect(seen).toHaveLength(1);
    expect(ledger.acked.size).toBe(0);
  });

  it('forget the waits of before', async () => {
    behave = (_n, response) => accept(response);
    const load = await send(1);
    expect(load.forgetWaits()).toBeGreaterThan(0);
    expect(load.report.maxWaitMs).toBe(0);
  });
});
