import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** Counts the Sync messages, and so the round trips, that pass on the way to the server. */
export interface SyncCountingProxy {
  readonly url: string;
  syncs(): number;
  close(): void;
}

/** Counts the type bytes of whole frontend messages; the startup packet has none. */
function syncCounter(onSync: () => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let started = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const header = started ? 1 : 0;
      if (rest.length < header + 4) return;
      const length = header + rest.readInt32BE(header);
      if (rest.length < length) return;
      if (started && rest[0] === 'S'.charCodeAt(0)) onSync();
      started = true;
      rest = rest.subarray(length);
    }
  };
}

export async function startSyncCountingProxy(target: string): Promise<SyncCountingProxy> {
  const url = new URL(target);
  const { hostname, port } = url;
  let syncs = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const count = syncCounter(() => (syncs += 1));
    client.on('data', count).on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: url.href, syncs: () => syncs, close: () => void server.close() };
}
