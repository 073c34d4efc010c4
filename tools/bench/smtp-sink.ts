// Child of smtp.ts: a counting sink in its own process. Prints its port; on a message, its counts.
import { createServer, type Socket } from 'node:net';

const seen = new Set<string>();
let messages = 0;

function answer(line: string): string {
  if (line.startsWith('EHLO')) return '250-sink\r\n250 PIPELINING\r\n';
  if (line.startsWith('RCPT')) seen.add(line);
  if (line === 'DATA') return '354 go\r\n';
  return line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n';
}

function serve(socket: Socket): void {
  let text = '';
  let body = false;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.write('220 sink\r\n');
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    let replies = '';
    for (;;) {
      const mark = body ? '\r\n.\r\n' : '\r\n';
      const end = text.indexOf(mark);
      if (end < 0) break;
      const line = text.slice(0, end);
      text = text.slice(end + mark.length);
      if (body) messages += 1;
      replies += body ? '250 kept\r\n' : answer(line);
      body = !body && line === 'DATA';
    }
    if (replies !== '') socket.write(replies);
  });
}

const server = createServer(serve).listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as { port: number }).port });
});
process.on('message', () => {
  process.send?.({ messages, recipients: seen.size });
  messages = 0;
  seen.clear();
});
process.on('disconnect', () => process.exit(0));
