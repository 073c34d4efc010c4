// Child of send.ts: nodemailer alone, nothing durable. Prints one JSON line.
import { generateKeyPairSync } from 'node:crypto';
import nodemailer from 'nodemailer';
import { sampleMessage } from './send-stack.ts';

const [port, count, tag, signed] = process.argv.slice(2);
const total = Number(count);
const WARM_UP = 1_000;
const IN_FLIGHT = 100;

const dkim = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { domainName: 'sender.example', keySelector: 'bench', privateKey: pem };
};
const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(port),
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: 10,
  ...(signed === 'none' ? {} : { dkim: dkim() }),
});

async function sendAll(messages: number, name: string): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let n = next++; n < messages; n = next++) {
      const from = { name: 'Bench', address: 'hello@sender.example' };
      const to = `${name}-${n}@receiver.example`;
      await transport.sendMail({ from, to, ...sampleMessage(`${name}-${n}`) });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

await sendAll(WARM_UP, `${tag}-warm`);
const cpu = process.cpuUsage();
const began = performance.now();
await sendAll(total, tag ?? '');
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(cpu);
transport.close();
const figures = {
  cpu_us_per_message: (user + system) / total,
  per_second: (total / ms) * 1_000,
  sent: total + WARM_UP,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
