import { connect } from 'node:net';

const METADATA = 3;
const VERSION = 4; // the oldest one of Kafka 4 whose encoding is plain
const CORRELATION = 1;
const THROTTLE_BYTES = 4;

/**
 * Asks a broker for its metadata (no topics) and counts the brokers that it lists: above zero means
 * that it serves. The Kafka protocol's Metadata request, version 4.
 *
 * @throws Error when nobody answers within `withinMs`
 */
export function countBrokers(host: string, port: number, withinMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    socket.setTimeout(withinMs, () => socket.destroy(new Error('no answer from Kafka')));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Kafka closed the connection')));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      resolve(received.readInt32BE(4 + 4 + THROTTLE_BYTES));
      socket.destroy();
    });
  });
}

/** Size, api key, api version, correlation id, client id null, no topics, no auto creation. */
function metadataRequest(): Buffer {
  const body = Buffer.alloc(19);
  body.writeInt32BE(15, 0);
  body.writeInt16BE(METADATA, 4);
  body.writeInt16BE(VERSION, 6);
  body.writeInt32BE(CORRELATION, 8);
  body.writeInt16BE(-1, 12);
  body.writeInt32BE(0, 14);
  body.writeInt8(0, 18);
  return body;
}
