import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceTokenSigner } from '@penguinmails/http';
import { TierClient } from '@penguinmails/http/tier-client';
import { type Lease, QueueClient } from '../../../../apps/worker/dist/clients/queue.client.js';
import { freePorts } from '../../../../libs/testing/src/free-port.ts';
import { loadSecrets, type Secrets } from '../../../stack/secrets.ts';
import { until } from '../../../verify/until.ts';
import { queueCommand } from '../../../verify/queue/processes.ts';
import { countOf } from '../admin.ts';
import type {
  BenchJob,
  BenchUrls,
  BenchWorker,
  Contender,
  ContenderDescription,
} from '../contender.ts';
import { type Rounds, startLeaseLoops } from '../lease-loops.ts';
import { type OurEngine, openOurEngine } from '../our-engine.ts';

const BATCH = 500;
const WAIT_MS = 1_500;
const STARTS_WITHIN_MS = 180_000;
/** A declared type that no schedule makes jobs of and that tells nobody of its end. */
const TYPE = 'dead_letters_redrive';

/** The queue service in a process of its own; this process is a worker that leases by HTTP. */
class OurQueueOverHttp implements Contender {
  #engine!: OurEngine;
  #service!: ChildProcess;
  #tier!: TierClient;
  #queue!: QueueClient;
  readonly #urls: BenchUrls;
  readonly #directory = mkdtempSync(join(tmpdir(), 'penguinmails-bench-'));

  constructor(urls: BenchUrls) {
    this.#urls = urls;
  }

  async open(): Promise<void> {
    const { signing } = loadSecrets(this.#directory);
    const [http = 0, metrics = 0] = await freePorts(2);
    this.#service = startService(this.#urls, signing, { http, metrics });
    const isReady = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${metrics}/readyz`, {
        signal: AbortSignal.timeout(2_000),
      }).catch(() => undefined);
      return answer?.ok ?? false;
    };
    await until('the queue service is ready', isReady, STARTS_WITHIN_MS);
    const privateKey = signing.worker.private_key;
    const signer = new ServiceTokenSigner({ issuer: 'worker', privateKey });
    this.#tier = new TierClient({
      tier: 'queue',
      baseUrl: `http://127.0.0.1:${http}`,
      signToken: () => signer.token('queue'),
    });
    this.#queue = new QueueClient(this.#tier, 'bench-worker');
    this.#engine = await openOurEngine(this.#urls, TYPE);
  }

  addOne(job: BenchJob): Promise<void> {
    return this.#engine.addOne(job);
  }

  addBulk(jobs: readonly BenchJob[]): Promise<void> {
    return this.#engine.addBulk(jobs);
  }

  async work(concurrency: number, onJob: (job: BenchJob) => void): Promise<BenchWorker> {
    const stopping = new AbortController();
    const rounds: Rounds<Lease> = {
      lease: () => this.#queue.lease([TYPE], BATCH, WAIT_MS),
      handle: ({ jobs }) => jobs.forEach(({ payload }) => onJob(payload as unknown as BenchJob)),
      finish: (lease) => this.#finish(lease),
    };
    const loops = startLeaseLoops(concurrency, rounds, stopping.signal);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await loops;
    };
    return { stop };
  }

  async #finish({ lease_token, jobs }: Lease): Promise<void> {
    if (jobs.length === 0) return;
    const now = new Date().toISOString();
    const nothing = { code: null, enhanced_code: null, error_code: null, reply: null };
    const { refused } = await this.#queue.finish(
      jobs.map(({ id, tenant_id }) => ({
        ...{ tenant_id, job_id: id, lease_token, kind: 'succeeded' as const },
        ...nothing,
        ...{ started_at: now, finished_at: now },
      })),
    );
    if (refused.length > 0) throw new Error(`${refused.length} leases were lost`);
  }

  unfinished(): Promise<number> {
    return countOf(this.#urls.admin, 'SELECT count(*) AS n FROM job_queue');
  }

  async close(): Promise<void> {
    await this.#engine.close();
    await this.#tier.close();
    const ended = once(this.#service, 'exit');
    this.#service.kill('SIGTERM');
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function startService(
  urls: BenchUrls,
  signing: Secrets['signing'],
  ports: { readonly http: number; readonly metrics: number },
): ChildProcess {
  const database = { appUrl: urls.app, systemUrl: urls.system };
  const { file, args, cwd, env } = queueCommand({ database, signing }, ports, []);
  const service = spawn(file, [...args], { cwd, env: { ...process.env, ...env }, stdio: 'ignore' });
  // A bench that dies takes its service along.
  process.once('exit', () => service.kill('SIGKILL'));
  return service;
}

export const oursOverHttp: ContenderDescription = {
  name: 'http-ours',
  role: 'yardstick',
  pace: 'batched',
  settings: `the queue service in a process of its own, this one a worker that leases ${BATCH} at a time over HTTP; its client CPU does not count the service`,
  keeps: 'a row of history with the try in it',
  hasOurSchema: true,
  measures: ['drain', 'latency'],
  create: (urls) => new OurQueueOverHttp(urls),
};
