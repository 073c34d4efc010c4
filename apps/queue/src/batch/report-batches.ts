import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { countFinished } from '../job/count-finished.js';
import { JobTypes } from '../job-type/job-types.js';
import { LimitSystemRepository } from '../limit/limit.system.repository.js';
import { type BatchKey, batchKeyOf } from './batch-key.js';
import type { BatchReport } from './batch-lease.requests.js';
import { outcomeBytes } from './batch-outcome.js';
import { EndBatches } from './end-batches.js';
import { ReadyBatches } from './ready-batches.js';
import { type BatchStep, planReport, type ReportPlan } from './report-plan.js';
import { type Appendix, ReportBatchSystemRepository } from './report-batch.system.repository.js';
import { refundsOfUnused } from './refunds-of-unused.js';

/** A batch and how many of its recipients have an outcome. */
export interface TakenReport {
  readonly batch_id: string;
  readonly done: number;
}

/** Reports by whether the reporter's token still counted. */
export interface ReportAnswer {
  readonly accepted: readonly TakenReport[];
  readonly refused: readonly string[];
}

type Taken = BatchKey & { readonly done: number };

/**
 * Takes outcomes of batches. A report counts while the row still holds its token, however late it
 * comes; one that is repeated changes nothing more.
 */
@Injectable()
export class ReportBatches {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: ReportBatchSystemRepository,
    private readonly ends: EndBatches,
    private readonly limits: LimitSystemRepository,
    private readonly jobTypes: JobTypes,
    private readonly ready: ReadyBatches,
  ) {}

  /**
   * The holder goes on. Outcomes that end their recipients well only add bytes to the row: one
   * statement for all such reports.
   */
  async checkpoint(reports: readonly BatchReport[]): Promise<ReportAnswer> {
    const plain = reports.filter((report) => report.outcomes.every(isPlain));
    const appended = await this.append(plain);
    const isAppended = new Set(appended.map(batchKeyOf));
    const others = reports.filter((report) => !isAppended.has(keyOfReport(report)));
    const taken = others.length > 0 ? await this.take(others, false) : [];
    return answerOf(reports, [...appended, ...taken]);
  }

  /** The holder is done: the batch ends, or what remains of it waits for the next one. */
  async finish(reports: readonly BatchReport[]): Promise<ReportAnswer> {
    return answerOf(reports, await this.take(reports, true));
  }

  private async append(reports: readonly BatchReport[]): Promise<readonly Taken[]> {
    if (reports.length === 0) return [];
    return this.database.once((tx) => this.repository.append(tx, reports.map(appendix)));
  }

  private take(reports: readonly BatchReport[], endsLease: boolean): Promise<readonly Taken[]> {
    return this.database.transaction(async (tx) => {
      const plans = await this.plan(tx, reports, endsLease);
      await this.write(tx, plans);
      tx.onCommit(() => this.afterCommit(plans));
      return plans.map(({ batch: { tenantId, batchId, done }, added }) => ({
        ...{ tenantId, batchId },
        done: done.length + added.length,
      }));
    });
  }

  private async plan(
    tx: SystemTransaction,
    reports: readonly BatchReport[],
    endsLease: boolean,
  ): Promise<ReportPlan[]> {
    const held = await this.repository.lockHeld(tx, reports.map(claimOf));
    const byKey = new Map(reports.map((report) => [keyOfReport(report), report]));
    return held.map((batch) =>
      planReport(
        batch,
        byKey.get(batchKeyOf(batch))!,
        this.jobTypes.policyOf(batch.itemType),
        endsLease,
        Math.random,
      ),
    );
  }

  private async write(tx: SystemTransaction, plans: readonly ReportPlan[]): Promise<void> {
    const staying = plans.filter(({ step }) => step.kind !== 'end');
    await this.repository.step(tx, staying.map(progressOf));
    await this.limits.refund(tx, refundsOfUnused(plans));
    await this.ends.write(tx, {
      ends: plans.flatMap(({ batch, added, step }) =>
        step.kind === 'end'
          ? [
              {
                batch,
                status: step.status,
                outcomes: Buffer.concat([batch.done, added]),
                attempts: batch.attempts + 1,
                leaseLosses: batch.leaseLosses,
              },
            ]
          : [],
      ),
      tries: plans.flatMap(({ tries }) => tries),
      leaving: plans.flatMap(({ leaving }) => leaving),
      buried: plans.flatMap(({ buried }) => buried),
    });
  }

  private afterCommit(plans: readonly ReportPlan[]): void {
    countFinished(
      plans.flatMap(({ batch: { type }, outcomes }) =>
        outcomes.map((outcome) => ({ type, outcome })),
      ),
    );
    for (const { batch, step } of plans)
      if (isReadyAgain(step)) this.ready.wake([batch], batch.scheduledAt);
  }
}

/** Whether the outcome needs no more than its byte, whatever the policies say. */
function isPlain(outcome: BatchReport['outcomes'][number]): boolean {
  return outcome === 'delivered' || outcome === 'bounced' || outcome === 'cancelled';
}

function isReadyAgain(step: BatchStep): boolean {
  return step.kind === 'release' && step.delaySeconds === null;
}

function claimOf({ tenant_id, batch_id, lease_token }: BatchReport) {
  return { tenantId: tenant_id, batchId: batch_id, leaseToken: lease_token };
}

function keyOfReport(report: BatchReport): string {
  return batchKeyOf(claimOf(report));
}

function appendix(report: BatchReport): Appendix {
  const recorded = report.outcomes.map((outcome) => ({ outcome, hasLeft: false }));
  return { ...claimOf(report), from: report.from, outcomes: outcomeBytes(recorded) };
}

function progressOf({ batch: { tenantId, batchId }, added, step }: ReportPlan) {
  const isReleased = step.kind === 'release';
  const returns = isReleased ? step.returns : null;
  const delaySeconds = isReleased ? step.delaySeconds : null;
  return { tenantId, batchId, added, isReleased, returns, delaySeconds };
}

function answerOf(reports: readonly BatchReport[], taken: readonly Taken[]): ReportAnswer {
  const byKey = new Map(taken.map((each) => [batchKeyOf(each), each.done]));
  const isTaken = (report: BatchReport) => byKey.has(keyOfReport(report));
  return {
    accepted: reports.filter(isTaken).map((report) => ({
      batch_id: report.batch_id,
      done: byKey.get(keyOfReport(report))!,
    })),
    refused: reports.filter((report) => !isTaken(report)).map(({ batch_id }) => batch_id),
  };
}
