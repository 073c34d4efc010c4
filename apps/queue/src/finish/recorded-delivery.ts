import { numberWithoutTry } from '../job/number-without-try.js';
import type { Delivery } from './delivery-items.js';
import { endCode, type ReportedFinish } from './finish-plan.js';

/**
 * What oltp is told about one reported try; nothing when the job was given back unstarted, or when its
 * type has no e-mail that oltp could know.
 */
export function recordedDelivery(finish: ReportedFinish): Delivery | undefined {
  const { job, result, decision, reports } = finish;
  const outcome = reports === 'delivery' ? classOf(finish) : undefined;
  if (!outcome) return undefined;
  return {
    tenantId: job.tenantId,
    item: {
      email_id: job.jobId,
      attempt: attemptOf(finish),
      class: outcome,
      final: decision.move !== 'retry',
      code: result.code,
      enhanced_code: result.enhanced_code,
      error_code: endCode(finish),
      occurred_at: new Date(result.finished_at).toISOString(),
    },
  };
}

function attemptOf({ job, result: { kind }, decision: { attempts } }: ReportedFinish): number {
  const { leaseLosses = 0, returns = 0 } = job;
  switch (kind) {
    case 'returned':
    case 'snoozed':
      return attempts + 1;
    case 'cancelled':
      return numberWithoutTry({ attempts, leaseLosses, returns });
    default:
      return attempts;
  }
}

/**
 * A try that was deferred for the last time has failed; one that was to be cancelled meanwhile is
 * cancelled, unless nobody knows whether its message went out.
 */
function classOf({ result: { kind }, decision: { move } }: ReportedFinish) {
  if (move === 'return' || move === 'snooze') return undefined;
  switch (kind) {
    case 'succeeded':
      return undefined;
    case 'returned':
    case 'snoozed':
      return 'cancelled';
    case 'deferred':
      return deferredClass(move);
    default:
      return kind;
  }
}

function deferredClass(move: ReportedFinish['decision']['move']) {
  if (move === 'retry') return 'deferred';
  return move === 'cancel' ? 'cancelled' : 'failed';
}
