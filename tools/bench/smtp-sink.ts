// Child of smtp.ts: a counting sink in its own process. Prints its port; on a message, its counts.
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { testCertificate } from '../../apps/worker/test/integration/test-certificate.ts';

const seen = new Set<string>();
let messages = 0;

function answer(line: string): string {
  if (line.startsWith('EHLO')) return '250-sink\r\n250-STARTTLS\r\n250 PIPELINING\r\n';
  if (line.startsWith('RCPT')) seen.add(line);
  if (line === 'DATA') return '354 go\r\n';
  return line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n';
}

const secureContext = createSecureContext(testCertificate);

function greet(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.write('220 sink\r\n');
  listen(socket);
}

function secure(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.write('220 go\r\n');
  const secured = new TLSSocket(socket, { isServer: true, secureContext });
  secured.on('error', () => socket.destroy());
  listen(secured);
}

function listen(socket: Socket): void {
  let text = '';
  let body = false;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    let replies = '';
    for (;;) {
      const mark = body ? '\r\n.\r\n' : '\r\n';
      const end = text.indexOf(mark);
      if (end < 0) break;
      const line = text.slice(0, end);
      if (!body && line === 'STARTTLS') return secure(socket);
      text = text.slice(end + mark.length);
      if (body) messages += 1;
      replies += body ? '250 kept\r\n' : answer(line);
      body = !body && line === 'DATA';
    }
    if (replies !== '') socket.write(replies);
  });
}

const server = createServer(greet).listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as { port: number }).port });
});
process.on('message', () => {
  process.send?.({ messages, recipients: seen.size });
  messages = 0;
  seen.clear();
});
process.on('disconnect', () => process.exit(0));
