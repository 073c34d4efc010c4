// Child of smtp.ts: one run of one variant, in a fresh process. Prints one JSON line.
import { setDefaultCACertificates } from 'node:tls';
import { createLogger } from '@penguinmails/observability';
import { testCertificate } from '../../apps/worker/test/integration/test-certificate.ts';
import { messageParts, newKeys } from './smtp-message.ts';
import { smtpVariants } from './smtp-variants.ts';

interface Sender {
  send(server: object, message: object): Promise<{ kind: string }>;
  close(): void;
}
type Message = { raw: string; clean: boolean };
interface Pending {
  write(): Message | { outcome: { kind: string } };
}
interface Builder {
  pending(envelope: object, content: object, signing: object | null): Promise<Pending>;
}

const [name, port, count] = process.argv.slice(2);
const variant = smtpVariants.find((one) => one.name === name);
if (!variant) throw new Error(`no variant ${name}`);
const { client, composer, algorithms, rsa, security } = variant;
const WARM_UP = 3_000;
const IN_FLIGHT = 200;

const load = (path: string): Promise<never> =>
  import(new URL(`../../apps/worker/dist/${path}`, import.meta.url).href) as Promise<never>;
const {
  createMailSender,
}: { createMailSender(client: string, limits: object, timeouts: object): Sender } = await load(
  'smtp/create-mail-sender.js',
);
const { createComposer }: { createComposer(name: string): object } = await load(
  'compose/create-composer.js',
);
const { MessageBuilder }: { MessageBuilder: new (...parts: unknown[]) => Builder } = await load(
  'compose/message-builder.js',
);
const { loadDomainSigner }: { loadDomainSigner(keys: object): object } =
  await load('dkim/signing-keys.js');

setDefaultCACertificates([testCertificate.cert]);
const limits = { connections: 10, messagesPerConnection: 1_000_000, idleMs: 60_000 };
const timeouts = { connectMs: 10_000, greetingMs: 10_000, silenceMs: 60_000 };
const sender = createMailSender(client, limits, timeouts);
const login = { username: null, password: null };
const server = { host: '127.0.0.1', port: Number(port), security, ...login };
const logger = createLogger('worker', { level: 'silent' });
const builder = new MessageBuilder(createComposer(composer ?? 'own'), rsa, logger);
const signing = algorithms.length === 0 ? null : loadDomainSigner(newKeys(algorithms));

function pending(n: number, to: string): Promise<Pending> {
  const { envelope, content } = messageParts(n, to);
  return builder.pending(envelope, content, signing);
}

async function build(n: number, to: string): Promise<Message> {
  const built = (await pending(n, to)).write();
  if ('outcome' in built) throw new Error(`message ${n}: not built`);
  return built;
}

/** As many senders as jobs that a worker holds, each with its next message when one is done. */
async function sendAll(total: number, tag: string): Promise<void> {
  let next = 0;
  const one = async () => {
    for (let n = next++; n < total; n = next++) {
      const to = `${tag}${n}@receiver.test`;
      const from = 'shop@sender.test';
      const message = composer ? await pending(n, to) : { from, to, ...prebuilt };
      const { kind } = await sender.send(server, message);
      if (kind !== 'delivered') throw new Error(`message ${n}: ${kind}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

const prebuilt = await build(0, 'prebuilt@receiver.test');
await sendAll(WARM_UP, 'warm');
const cpu = process.cpuUsage();
const began = performance.now();
await sendAll(Number(count), 'run');
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(cpu);
sender.close();
const figures = {
  cpu_ms_per_message: (user + system) / 1_000 / Number(count),
  system_ms_per_message: system / 1_000 / Number(count),
  per_second: (Number(count) / ms) * 1_000,
  bytes: prebuilt.raw.length,
  sent: Number(count) + WARM_UP,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
