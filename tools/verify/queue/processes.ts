import { fileURLToPath } from 'node:url';
import { builtFile, compileCache } from '../../stack/apps/build.ts';
import { nodeFlags } from '../../stack/node-flags.ts';
import { nodePath, root } from '../../stack/repository.ts';
import type { Command } from '../../stack/supervisor/part.ts';
import type { Stage } from './stage.ts';
import type { WorkerSettings } from './worker/worker-settings.ts';

/** No broker is there: the service must do its work without one, its events wait in the outbox. */
const NO_BROKER = '127.0.0.1:9';
const WORKER = fileURLToPath(new URL('worker/worker-process.ts', import.meta.url));
const FLAGS = [...nodeFlags, '--disable-warning=ExperimentalWarning'];

const imports = (modules: readonly string[]) => modules.flatMap((module) => ['--import', module]);

/** What a queue service needs of its surroundings. */
export interface QueueEnvironment {
  readonly database: Pick<Stage['database'], 'appUrl' | 'systemUrl'>;
  readonly signing: Stage['signing'];
}

/** One replica of the queue service, as the stack starts it. */
export function queueCommand(
  { database, signing }: QueueEnvironment,
  ports: { readonly http: number; readonly metrics: number },
  preloads: readonly string[],
): Command {
  const keys = Object.entries(signing).map(([name, pair]) => [name, pair.public_key]);
  const first = imports([...preloads, builtFile('queue', 'instrumentation.js')]);
  return {
    file: nodePath,
    args: [...FLAGS, ...first, builtFile('queue', 'main.js')],
    cwd: root,
    env: {
      ...compileCache,
      ...common,
      QUEUE_DB_URL: database.appUrl,
      QUEUE_DB_SYSTEM_URL: database.systemUrl,
      QUEUE_PORT: String(ports.http),
      QUEUE_METRICS_PORT: String(ports.metrics),
      KAFKA_BROKERS: NO_BROKER,
      PUBLIC_URL: 'https://mail.example',
      SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(Object.fromEntries(keys)),
      SERVICE_TOKEN_PRIVATE_KEY_SECRET: signing.queue.private_key,
    },
  };
}

export function workerCommand(
  settings: WorkerSettings,
  metricsPort: number,
  preloads: readonly string[],
): Command {
  const first = imports([...preloads, builtFile('worker', 'instrumentation.js')]);
  return {
    file: nodePath,
    args: [...FLAGS, ...first, WORKER, JSON.stringify(settings)],
    cwd: root,
    env: { ...compileCache, ...common, WORKER_METRICS_PORT: String(metricsPort) },
  };
}

const common = { NODE_ENV: 'production', TZ: 'UTC' };
