import type { RecordSlice } from '@penguinmails/kafka';
import type { Causes } from './causes.js';
import {
  advancePast,
  advancePosition,
  type ConsumerPosition,
  countParked,
  lockPosition,
  type PartitionId,
} from './consumer-position.js';
import { tenantOf, writeDeadLetters } from './dead-letters.js';
import {
  type DecodedRecord,
  type EventRecord,
  isEvent,
  isUndecodable,
  type UndecodableRecord,
} from './event-record.js';
import { byTenant } from './event-runs.js';
import { takeNew } from './inbox.js';
import { handleGroups } from './slice-group.js';
import type { SliceRunnerSettings } from './slice-runner.js';
import type { SliceSession } from './slice-session.js';

/** How a slice is tried. */
export interface SliceAttempt {
  slice: RecordSlice;
  decoded: readonly DecodedRecord[];
  causes: Causes;
  /** Handlers get events one by one under savepoints, so that a failing one can be told. */
  singly: boolean;
  /**
   * It begins where the last slice of this process ended: most likely all of it is new. Records further
   * back may be so old that the inbox has no room for them any more.
   */
  follows: boolean;
  /** High watermark the broker gave just now; null while that of the fetch will do. */
  confirmedEnd: bigint | null;
}

/** What became of the events of a slice. */
export interface SliceOutcome {
  done: number;
  parked: number;
  duplicate: number;
}

/** The stored position lies beyond the end that the fetch told: ask the broker for the end of now. */
export class PositionAheadError extends Error {
  override readonly name = 'PositionAheadError';
}

/** Handles what of the slice is not done yet; runs inside one transaction and leaves it open. */
export async function handleSlice(
  session: SliceSession,
  attempt: SliceAttempt,
  settings: SliceRunnerSettings,
): Promise<SliceOutcome> {
  const { topic, partition } = attempt.slice;
  const id = { group: settings.group, topic, partition };
  const { position, taken, advanced } = await open(session, id, attempt);
  const from = firstOffset(attempt, position.nextOffset, settings);
  const todo = attempt.decoded.filter(({ record }) => record.offset >= from);
  const { fresh, duplicate } = await withoutDuplicates(session, todo.filter(isEvent), taken);
  await bury(session, todo.filter(isUndecodable), settings);
  const context = { session, partition: id, ...settings };
  const how = { singly: attempt.singly, anyParked: position.parked > 0 };
  const parked = await handleGroups(groups(session, fresh), how, context);
  const last = todo.at(-1);
  if (advanced) await countParked(session, id, parked);
  else if (last) await advancePosition(session, id, endOf(last), parked);
  return { done: fresh.length - parked, parked, duplicate };
}

/** What is known of a slice when its position is locked. */
interface Opened {
  position: ConsumerPosition;
  /** Ids that the inbox has taken just now; undefined: it was not asked. */
  taken?: Set<string>;
  /** The position is that of the end of the slice already. */
  advanced: boolean;
}

/**
 * Locks the position. Of a slice that follows the last one the rest is asked for in the same round trip:
 * all of it counts only if the handlers succeed, too.
 */
async function open(
  session: SliceSession,
  id: PartitionId,
  { follows, decoded }: SliceAttempt,
): Promise<Opened> {
  const last = decoded.at(-1);
  if (!follows || !last) return { position: await lockPosition(session, id), advanced: false };
  const [position, taken, advanced] = await Promise.all([
    lockPosition(session, id),
    takeNew(session, idsOf(decoded.filter(isEvent))),
    advancePast(session, id, endOf(last)),
  ]);
  return { position, taken, advanced };
}

const endOf = ({ record }: DecodedRecord): bigint => record.offset + 1n;

const idsOf = (records: readonly EventRecord[]): string[] => records.map(({ event }) => event.id);

/**
 * A position beyond the end of the partition means that the topic was made anew, unless the fetch is
 * older than the position (a consumer that lost the partition): only the broker can tell.
 */
function firstOffset(
  { slice, confirmedEnd }: SliceAttempt,
  stored: bigint,
  { logger }: SliceRunnerSettings,
): bigint {
  if (stored <= (confirmedEnd ?? slice.highWatermark)) return stored;
  if (confirmedEnd === null) throw new PositionAheadError();
  const fields = { topic: slice.topic, partition: slice.partition, stored: String(stored) };
  logger.error(fields, 'stored position is beyond the end: topic made anew, read from the start');
  return 0n;
}

/** The inbox knows what took effect before; within the slice the first delivery counts. */
async function withoutDuplicates(
  session: SliceSession,
  records: readonly EventRecord[],
  taken?: Set<string>,
) {
  const unseen = taken ?? (await takeNew(session, idsOf(records)));
  const fresh = records.filter(({ event }) => unseen.delete(event.id.toLowerCase()));
  return { fresh, duplicate: records.length - fresh.length };
}

async function bury(
  session: SliceSession,
  undecodable: readonly UndecodableRecord[],
  { tier, group, logger }: SliceRunnerSettings,
): Promise<void> {
  for (const { record, reason } of undecodable) {
    const tenantId = tenantOf(record.headers);
    const tx = await session.scope(tenantId);
    await writeDeadLetters(tx, { tier, group }, [{ ...record, tenantId, reason, attempts: 0 }]);
    const fields = { topic: record.topic, offset: String(record.offset), reason };
    logger.warn(fields, 'record is no event, moved to the dead letters');
  }
}

/** The app login works tenant by tenant, the system login on all of them together. */
function groups({ platform }: SliceSession, fresh: EventRecord[]): EventRecord[][] {
  if (fresh.length === 0) return [];
  return platform.login === 'app' ? [...byTenant(fresh).values()] : [fresh];
}
