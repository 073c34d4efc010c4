import type { Logger } from '@penguinmails/observability';
import type { JobResult } from '../clients/queue.client.js';
import type { HeldJob } from '../lease/held-jobs.js';
import { type JobHandler, type Report, resultOf } from '../lease/job-handler.js';
import { unlessAborted } from '../lease/unless-aborted.js';
import type { ServerDirectory } from './server-directory.js';
import type { ServerShares } from './server-shares.js';

/** When a job comes again whose server was busy; the queue makes it longer each time. */
const RETRY_AFTER_MS = 5_000;

/** Where the places of a batch are, and how its jobs get in. */
interface Batch {
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Job → the server at which it holds a place. */
  readonly places: Map<string, string>;
}

/**
 * Lets jobs begin only within their server's share of the worker. What is over it waits a moment, still
 * unbegun, and goes back to the queue when the server does not get on.
 */
export class SendInShares implements JobHandler {
  constructor(
    private readonly inner: JobHandler,
    private readonly servers: Pick<ServerDirectory, 'group'>,
    private readonly shares: ServerShares,
    private readonly logger: Logger,
  ) {}

  get type(): string {
    return this.inner.type;
  }

  async handle(jobs: readonly HeldJob[], report: Report, signal: AbortSignal): Promise<void> {
    const groups = await this.group(jobs, signal);
    const places = new Map<string, string>();
    const batch = { report: this.leaving(places, report), signal, places };
    const admitted = [...groups].flatMap(([server, some]) => this.admit(server, some, batch));
    const rest = [...groups].map(([server, some]) => [server, without(some, places)] as const);
    try {
      await Promise.all([
        this.begin(admitted, batch),
        ...rest.map(([server, over]) => this.sendSoon(server, over, batch)),
      ]);
    } finally {
      for (const server of places.values()) this.shares.leave(server);
    }
  }

  /** With oltp away, or once the worker stops, the inner handler gives the jobs back. */
  private async group(
    jobs: readonly HeldJob[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, HeldJob[]>> {
    try {
      return await unlessAborted(() => this.servers.group(jobs), signal);
    } catch (error) {
      if (!signal.aborted)
        this.logger.warn({ err: error, jobs: jobs.length }, 'servers of jobs not known');
      return new Map([['unknown', [...jobs]]]);
    }
  }

  private admit(server: string, jobs: readonly HeldJob[], { places }: Batch): HeldJob[] {
    const admitted = jobs.slice(0, this.shares.take(server, jobs.length));
    for (const { id } of admitted) places.set(id, server);
    return admitted;
  }

  private async begin(jobs: readonly HeldJob[], { report, signal }: Batch): Promise<void> {
    const [unwanted, wanted] = [jobs.filter(isCancelled), jobs.filter((job) => !isCancelled(job))];
    if (unwanted.length > 0) report(unwanted.map((job) => resultOf(job, { kind: 'cancelled' })));
    if (wanted.length > 0) await this.inner.handle(wanted, report, signal);
  }

  private async sendSoon(server: string, jobs: readonly HeldJob[], batch: Batch): Promise<void> {
    const begun: Promise<void>[] = [];
    for (let rest = jobs; rest.length > 0;) {
      const got = await this.shares.takeSoon(server, rest.length, batch.signal);
      if (got === 0 || batch.signal.aborted) this.giveBack(rest.slice(got), batch);
      const some = rest.slice(0, got);
      for (const { id } of some) batch.places.set(id, server);
      begun.push(this.begin(some, batch));
      rest = got === 0 || batch.signal.aborted ? [] : rest.slice(got);
    }
    await Promise.all(begun);
  }

  /** When the worker stops, the next one may have them at once. */
  private giveBack(jobs: readonly HeldJob[], { report, signal }: Batch): void {
    const busy = { error_code: 'server_busy', retry_after_ms: RETRY_AFTER_MS };
    const outcome = { kind: 'returned', ...(!signal.aborted && busy) } as const;
    if (jobs.length > 0) report(jobs.map((job) => resultOf(job, outcome)));
  }

  /** The place is free as soon as the job's result is known. */
  private leaving(places: Map<string, string>, report: Report): Report {
    return (results: readonly JobResult[]) => {
      for (const { job_id } of results) {
        const server = places.get(job_id);
        if (server !== undefined && places.delete(job_id)) this.shares.leave(server);
      }
      report(results);
    };
  }
}

/** Somebody asked to cancel it while it waited for its server. */
function isCancelled({ signal }: HeldJob): boolean {
  return signal.aborted;
}

function without(jobs: readonly HeldJob[], places: ReadonlyMap<string, string>): HeldJob[] {
  return jobs.filter(({ id }) => !places.has(id));
}
