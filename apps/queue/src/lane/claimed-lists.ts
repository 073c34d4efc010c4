import type { GrantedPayload, LeasedJob } from '../lease/leased-job.js';
import type { Lane } from './lane.js';

/** A number, or a text where JSON has no number for it: "-Infinity". */
type Epoch = number | string;

/** What a claim took: of each column a list, all in the same order. */
export interface ClaimedLists {
  readonly expiresAt: Date;
  /** Numbers of the jobs' lanes in the claim, from 1. */
  readonly lanes: readonly number[];
  readonly ids: readonly string[];
  readonly payloads: readonly GrantedPayload[];
  /** Finished tries. */
  readonly attempts: readonly number[];
  /** Microseconds since 1970. */
  readonly scheduledAt: readonly Epoch[];
  /** Milliseconds since 1970. */
  readonly createdAt: readonly Epoch[];
  /** This and what follows: null when no job has one. */
  readonly domainKeys: readonly (string | null)[] | null;
  readonly correlationIds: readonly (string | null)[] | null;
  readonly traceparents: readonly (string | null)[] | null;
  readonly wasPutOff: readonly boolean[] | null;
}

/**
 * The jobs that were taken, in the order of the answer.
 * @param lanes those of the claim
 */
export function leasedJobs(lanes: readonly Lane[], claimed: ClaimedLists): LeasedJob[] {
  const scheduledAt = placeTimes(claimed.scheduledAt);
  const laneOf = (at: number): Lane => lanes[claimed.lanes[at] - 1];
  return claimed.ids.map((jobId, at) => ({
    tenantId: laneOf(at).tenantId,
    jobId,
    type: laneOf(at).type,
    rateKey: laneOf(at).rateKey,
    priority: laneOf(at).priority,
    payload: claimed.payloads[at],
    domainKey: claimed.domainKeys?.[at] ?? null,
    scheduledAt: scheduledAt[at],
    attempt: claimed.attempts[at] + 1,
    correlationId: claimed.correlationIds?.[at] ?? null,
    traceparent: claimed.traceparents?.[at] ?? null,
    createdAt: new Date(Number(claimed.createdAt[at])),
    expiresAt: claimed.expiresAt,
    wasPutOff: claimed.wasPutOff?.[at] ?? false,
  }));
}

/** Jobs that were enqueued together are due together: their text is made once. */
function placeTimes(times: readonly Epoch[]): string[] {
  const texts = new Map<Epoch, string>();
  return times.map((time) => {
    const text = texts.get(time) ?? placeTime(Math.round(Number(time)));
    texts.set(time, text);
    return text;
  });
}

/**
 * A time as the database writes it in UTC: "2026-11-23 02:00:00.5", "-infinity".
 * @param us microseconds since 1970
 */
export function placeTime(us: number): string {
  if (us === -Infinity) return '-infinity';
  const ms = Math.floor(us / 1_000);
  const [date, time] = new Date(ms).toISOString().slice(0, -1).split('T');
  return `${date} ${time}${String(us - ms * 1_000).padStart(3, '0')}`.replace(/\.?0+$/, '');
}
