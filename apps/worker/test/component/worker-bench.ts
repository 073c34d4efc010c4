import type { INestApplicationContext } from '@nestjs/common';
import { newEmailId, newId, newStorageKey } from '@penguinmails/contracts';
import { createLogger } from '@penguinmails/observability';
import { eventually, SmtpSink, type SmtpSinkOptions, testKeys } from '@penguinmails/testing';
import type { MessageContent } from '../../src/clients/content.client.js';
import type { Envelope } from '../../src/clients/oltp.client.js';
import type { JobResult, LeasedJob } from '../../src/clients/queue.client.js';
import { createWorkerApplication } from '../../src/worker.application.js';
import { readWorkerConfig } from '../../src/worker.config.js';
import { ScriptedContent } from './scripted-content.js';
import { ScriptedOltp } from './scripted-oltp.js';
import { ScriptedQueue } from './scripted-queue.js';

/** No call of the worker ends because the machine stood still: its answer would be lost. */
const PATIENCE_MS = 45_000;
export const patience = {
  read: PATIENCE_MS,
  write: PATIENCE_MS,
  upload: PATIENCE_MS,
  progress: PATIENCE_MS,
};

export interface NewEmail {
  readonly to: string;
  readonly envelope?: Partial<Envelope>;
  readonly content?: Partial<MessageContent>;
  readonly job?: Partial<LeasedJob>;
}

/** The worker between three scripted tiers and an SMTP sink. */
export class WorkerBench {
  readonly queue = new ScriptedQueue();
  readonly oltp = new ScriptedOltp();
  readonly content = new ScriptedContent();
  readonly tenantId = newId();
  readonly mailboxId = newId();
  private app: INestApplicationContext | undefined;

  private constructor(readonly sink: SmtpSink) {
    this.oltp.mailboxes.set(this.mailboxId, { smtp: null, unknown_outcome_policy: 'retry_once' });
  }

  static async start(
    env: Record<string, string> = {},
    sink: SmtpSinkOptions = {},
  ): Promise<WorkerBench> {
    const bench = new WorkerBench(await SmtpSink.start(sink));
    await Promise.all(bench.servers.map((server) => server.up()));
    await bench.startWorker(env);
    return bench;
  }

  get servers() {
    return [this.queue.server, this.oltp.server, this.content.server];
  }

  async startWorker(env: Record<string, string> = {}): Promise<void> {
    const config = readWorkerConfig({ ...this.environment(), ...env });
    const logger = createLogger('worker', { level: 'silent' });
    this.app = await createWorkerApplication(config, logger, patience);
    await this.app.init();
  }

  /** What SIGTERM does. */
  async stopWorker(): Promise<void> {
    await this.app?.close();
    this.app = undefined;
  }

  async stop(): Promise<void> {
    await this.stopWorker();
    await Promise.all(this.servers.map((server) => server.down()));
    await this.sink.stop();
  }

  /** Accepted mail: known to oltp and content, not yet at the queue. */
  accept({ to, envelope, content, job }: NewEmail): LeasedJob {
    const accepted = this.newJob(job);
    const { id, tenant_id, storage_key } = accepted;
    this.oltp.envelopes.set(id, { ...newEnvelope(id, to, accepted), ...envelope });
    const stored = { text: 'words', html: null, headers: {}, attachments: [], ...content };
    this.content.contents.set(storage_key, { tenant_id, storage_key, ...stored });
    return accepted;
  }

  /** Mail that is accepted and due. @returns its id */
  send(email: NewEmail): string {
    const job = this.accept(email);
    this.queue.offer(job);
    return job.id;
  }

  /** A job of another type that is due. @returns its id */
  offer(type: string, payload: Record<string, unknown> = {}): string {
    const job = this.newJob({ type, payload });
    this.queue.offer(job);
    return job.id;
  }

  /** The outcome of a job, once the queue has it. */
  outcomeOf(id: string): Promise<JobResult> {
    const outcome = () => {
      const result = this.queue.resultOf(id);
      if (!result) throw new Error('no outcome yet');
      return result;
    };
    return eventually(outcome, { timeoutMs: PATIENCE_MS });
  }

  /** How often a message reached somebody: the sink's copies by recipient. */
  copiesTo(to: string): number {
    return this.sink.messages.filter((message) => message.to.includes(to)).length;
  }

  private newJob(job: Partial<LeasedJob> = {}): LeasedJob {
    return {
      id: newEmailId(),
      tenant_id: this.tenantId,
      type: 'send_email',
      payload: {},
      attempt: 1,
      mailbox_id: this.mailboxId,
      storage_key: newStorageKey(),
      correlation_id: null,
      traceparent: null,
      created_at: '2026-11-23T00:00:00.000Z',
      ...job,
    };
  }

  private environment(): Record<string, string> {
    return {
      OLTP_URL: this.oltp.server.url,
      CONTENT_URL: this.content.server.url,
      QUEUE_URL: this.queue.server.url,
      SERVICE_TOKEN_PRIVATE_KEY_SECRET: testKeys().worker.privateKey,
      SMTP_URL: this.sink.url,
      WORKER_METRICS_PORT: '0',
    };
  }
}

function newEnvelope(id: string, to: string, { mailbox_id, storage_key }: LeasedJob): Envelope {
  return {
    mode: 'live',
    from: { address: 'shop@sender.test', name: 'Shop' },
    to,
    reply_to: null,
    subject: 'Your order',
    message_id: `<${id}@sender.test>`,
    date: '2026-05-04T10:00:00.000Z',
    mailbox_id,
    storage_key,
  };
}
