// Child of smtp.ts: one run of one client, in a fresh process. Prints one JSON line.

const [client, port, count] = process.argv.slice(2);
interface Sender {
  send(server: object, message: object): Promise<{ kind: string }>;
  close(): void;
}

const WARM_UP = 1_000;
const IN_FLIGHT = 200;

const built = new URL('../../apps/worker/dist/smtp/create-mail-sender.js', import.meta.url).href;
const { createMailSender } = (await import(built)) as {
  createMailSender(client: string, limits: object, timeouts: object): Sender;
};
const limits = { connections: 10, messagesPerConnection: 1_000_000, idleMs: 60_000 };
const timeouts = { connectMs: 10_000, greetingMs: 10_000, silenceMs: 60_000 };
const sender = createMailSender(client, limits, timeouts);
const login = { username: null, password: null };
const server = { host: '127.0.0.1', port: Number(port), security: 'none', ...login } as const;
const line = 'A line of an ordinary message, seventy-six characters long, as they are.\r\n';
const raw = Buffer.from(`Subject: bench\r\nMIME-Version: 1.0\r\n\r\n${line.repeat(100)}`);

/** As many senders as jobs that a worker holds, each with its next message when one is done. */
async function sendAll(total: number, tag: string): Promise<void> {
  let next = 0;
  const one = async () => {
    for (let n = next++; n < total; n = next++) {
      const message = { from: 'a@sender.test', to: `${tag}${n}@receiver.test`, raw };
      const { kind } = await sender.send(server, message);
      if (kind !== 'delivered') throw new Error(`message ${n}: ${kind}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

await sendAll(WARM_UP, 'warm');
const cpu = process.cpuUsage();
const began = performance.now();
await sendAll(Number(count), 'run');
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(cpu);
sender.close();
const figures = {
  cpu_ms_per_message: (user + system) / 1_000 / Number(count),
  per_second: (Number(count) / ms) * 1_000,
  sent: Number(count) + WARM_UP,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
