import {
  type ConfigOf,
  defineConfig,
  type Environment,
  int,
  oneOf,
  privateKeyVariable,
  text,
  tierUrlVariables,
} from '@penguinmails/config';
import { composers } from './compose/create-composer.js';
import { rsaSigners } from './compose/message-builder.js';
import { smtpClients } from './smtp/create-mail-sender.js';

const { oltp, content, queue } = tierUrlVariables();

const variables = {
  tiers: { oltp, content, queue },
  privateKey: privateKeyVariable(),
  /** Jobs held at once. */
  capacity: int('WORKER_CAPACITY', { min: 1, max: 2_000 }).default(1_000),
  composer: oneOf('WORKER_COMPOSER', composers).default('own'),
  rsaSigner: oneOf('WORKER_DKIM_RSA', rsaSigners).default('main'),
  smtp: {
    relay: text('SMTP_URL').secret(),
    sandbox: text('SANDBOX_SMTP_URL').secret().optional(),
    client: oneOf('WORKER_SMTP_CLIENT', smtpClients).default('own'),
    connections: int('WORKER_SMTP_CONNECTIONS', { min: 1, max: 1_000 }).default(10),
    messagesPerConnection: int('WORKER_SMTP_MESSAGES_PER_CONNECTION', { min: 1 }).default(100),
    idleMs: int('WORKER_SMTP_IDLE_MS', { min: 1 }).default(20_000),
    connectMs: int('WORKER_SMTP_CONNECT_MS', { min: 1 }).default(30_000),
    greetingMs: int('WORKER_SMTP_GREETING_MS', { min: 1 }).default(60_000),
    silenceMs: int('WORKER_SMTP_SILENCE_MS', { min: 1 }).default(300_000),
  },
};

export type WorkerConfig = ConfigOf<typeof variables>;

/** @throws ConfigError naming every variable that is missing or does not parse */
export function readWorkerConfig(env: Environment = process.env): WorkerConfig {
  return defineConfig(variables, env);
}
