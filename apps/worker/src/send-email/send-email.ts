import {
  counter,
  extractTrace,
  type Logger,
  metrics,
  SpanKind,
  spans,
  withSpan,
} from '@penguinmails/observability';
import type { ContentClient, MessageContent } from '../clients/content.client.js';
import type { BeginAnswer, Envelope, OltpClient, Refusal } from '../clients/oltp.client.js';
import type { MessageBuilder } from '../compose/message-builder.js';
import { batchSpan } from '../lease/batch-span.js';
import type { HeldJob, HeldJobs } from '../lease/held-jobs.js';
import { type JobHandler, type Report, resultOf } from '../lease/job-handler.js';
import { isRefusal } from '../lease/refusal.js';
import { unlessAborted } from '../lease/unless-aborted.js';
import type { MailSender } from '../smtp/mail-sender.js';
import { outcomeOfError, type SendOutcome } from '../smtp/send-outcome.js';
import { chooseServer, type PlatformServers } from './choose-server.js';
import { recordOnly } from './record-only-transport.js';
import { type KnownTransport, mailboxKey, type TransportDirectory } from './transport-directory.js';

/** Everything one message needs before its attempt begins. */
interface Prepared {
  readonly job: HeldJob;
  readonly content: MessageContent | undefined;
  readonly transport: KnownTransport | undefined;
}

const REFUSED: Readonly<Record<Refusal, 'cancelled' | 'failed' | 'returned'>> = {
  cancelled: 'cancelled',
  suppressed: 'cancelled',
  finished: 'cancelled',
  unknown_email: 'failed',
  not_granted: 'returned',
};

/**
 * Sends leased e-mails. Content and transport are fetched before the attempt begins, so that an outage
 * of a tier gives the jobs back unbegun; from `begin` on every message ends with an outcome.
 */
export class SendEmail implements JobHandler {
  readonly type = 'send_email';

  constructor(
    private readonly held: HeldJobs,
    private readonly oltp: OltpClient,
    private readonly content: ContentClient,
    private readonly transports: TransportDirectory,
    private readonly builder: MessageBuilder,
    private readonly pool: MailSender,
    private readonly servers: PlatformServers,
    private readonly logger: Logger,
  ) {}

  /** In rounds of as much content as one answer holds, each sent before the next is fetched. */
  async handle(jobs: readonly HeldJob[], report: Report, signal: AbortSignal): Promise<void> {
    for (let rest = jobs; rest.length > 0;) {
      const round = await this.prepareAndBegin(rest, report, signal);
      await Promise.all(round.begun.map(([one, answer]) => this.finish(one, answer, report)));
      rest = round.rest;
    }
  }

  /** Gives everything back when a tier is away or the process is stopping. */
  private async prepareAndBegin(
    jobs: readonly HeldJob[],
    report: Report,
    signal: AbortSignal,
  ): Promise<{ begun: [Prepared, BeginAnswer][]; rest: readonly HeldJob[] }> {
    const traces = jobs.flatMap(({ traceparent }) => traceparent ?? []);
    try {
      return await withSpan(spans.jobBegin, batchSpan(jobs.length, traces), async () => {
        const { prepared, rest } = await unlessAborted(() => this.prepare(jobs), signal);
        return { begun: await this.begin(prepared), rest };
      });
    } catch (error) {
      if (isRefusal(error) && !signal.aborted) return this.oneByOne(jobs, report, signal);
      if (!signal.aborted) this.logger.warn({ err: error, jobs: jobs.length }, 'jobs given back');
      report(jobs.map((job) => resultOf(job, { kind: 'returned' })));
      return { begun: [], rest: [] };
    }
  }

  /** A tier refuses something about one job: the others must not go round with it for ever. */
  private async oneByOne(jobs: readonly HeldJob[], report: Report, signal: AbortSignal) {
    const [only, ...others] = jobs;
    if (only && others.length === 0) {
      this.logger.error({ jobId: only.id }, 'a tier refuses what the job asks for');
      report([resultOf(only, { kind: 'deferred', error_code: 'preparation_refused' })]);
      return { begun: [], rest: [] };
    }
    const begun: [Prepared, BeginAnswer][] = [];
    for (const job of jobs)
      begun.push(...(await this.prepareAndBegin([job], report, signal)).begun);
    return { begun, rest: [] };
  }

  /** @returns `rest`: jobs whose contents did not fit into the answer */
  private async prepare(
    jobs: readonly HeldJob[],
  ): Promise<{ prepared: Prepared[]; rest: HeldJob[] }> {
    const grants = this.held.grantsFor(jobs);
    const [{ found, deferred }, transports] = await Promise.all([
      this.content.fetch(grants, jobs),
      this.transports.of(grants, jobs),
    ]);
    const isDeferred = ({ storage_key }: HeldJob) => deferred.has(storage_key);
    const prepared = jobs
      .filter((job) => !isDeferred(job))
      .map((job) => ({
        job,
        content: found.get(job.storage_key),
        transport: transports.get(mailboxKey(job)),
      }));
    return { prepared, rest: jobs.filter(isDeferred) };
  }

  /** Only what is held and wanted begins: a lost lease may already be running elsewhere. */
  private async begin(prepared: readonly Prepared[]): Promise<[Prepared, BeginAnswer][]> {
    const ours = prepared.filter(({ job }) => this.held.holds(job));
    const jobs = ours.map(({ job }) => job).filter((job) => !job.signal.aborted);
    const answers = jobs.length > 0 ? await this.beginAtOltp(jobs) : [];
    const byId = new Map(answers.map((answer) => [answer.email_id, answer]));
    return ours.map((one) => [one, byId.get(one.job.id) ?? refusal(one.job)]);
  }

  private beginAtOltp(jobs: readonly HeldJob[]): Promise<readonly BeginAnswer[]> {
    const items = jobs.map(({ tenant_id, id, attempt }) => ({ tenant_id, email_id: id, attempt }));
    return this.oltp.begin(this.held.grantsFor(jobs), items);
  }

  private async finish(prepared: Prepared, answer: BeginAnswer, report: Report): Promise<void> {
    const { job, transport } = prepared;
    if (answer.decision === 'refuse') {
      report([resultOf(job, { kind: REFUSED[answer.reason], error_code: answer.reason })]);
      return;
    }
    const started_at = new Date().toISOString();
    const outcome = await this.deliver(prepared, answer.envelope);
    counter(metrics.smtpOutcomes).add(1, { outcome: outcome.kind });
    report([
      resultOf(job, {
        kind: outcome.kind,
        code: outcome.code,
        enhanced_code: outcome.enhancedCode,
        error_code: outcome.errorCode,
        reply: outcome.reply,
        unknown_policy: transport?.unknown_outcome_policy ?? 'retry_once',
        started_at,
      }),
    ]);
  }

  private deliver(prepared: Prepared, envelope: Envelope): Promise<SendOutcome> {
    const { id, attempt, traceparent } = prepared.job;
    const options = {
      kind: SpanKind.CLIENT,
      attributes: { 'job.id': id, 'job.attempt': attempt },
      ...(traceparent !== null && { parent: extractTrace({ traceparent }) }),
    };
    return withSpan(spans.jobSend, options, () => this.compose(prepared, envelope));
  }

  private async compose(prepared: Prepared, envelope: Envelope): Promise<SendOutcome> {
    const { content, transport } = prepared;
    if (!content) return outcomeOfError('failed', 'content_missing');
    // Its password may not open at the moment; nothing says that this is for good.
    if (!transport) return outcomeOfError('deferred', 'mailbox_unavailable');
    const pending = await this.builder.pending(envelope, content, transport.signing);
    const server = chooseServer(envelope.mode, transport, this.servers);
    if (server) return this.pool.send(server, pending);
    const written = pending.write();
    return 'outcome' in written ? written.outcome : recordOnly(envelope.to);
  }
}

/** Of a job that oltp did not begin, or that somebody asked to cancel before. */
function refusal({ id: email_id, signal }: HeldJob): BeginAnswer {
  return { email_id, decision: 'refuse', reason: signal.aborted ? 'cancelled' : 'not_granted' };
}
