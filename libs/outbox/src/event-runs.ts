import type { EventType } from '@penguinmails/contracts';
import { type EventRecord, orderKey } from './event-record.js';

/** Events of one type that a handler gets together. */
export interface EventRun {
  type: EventType;
  records: EventRecord[];
}

/**
 * Groups by tenant, in the order of tenant ids: slices of several partitions touch rows of the same
 * tenants at the same time, and if each took them as they came, they would wait for each other.
 */
export function byTenant(records: readonly EventRecord[]): Map<string, EventRecord[]> {
  const groups = new Map<string, EventRecord[]>();
  for (const record of records) {
    const group = groups.get(record.event.tenantId);
    if (group) group.push(record);
    else groups.set(record.event.tenantId, [record]);
  }
  return new Map([...groups].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * Sorts events into few runs of one type each, such that the events of one key stay in order: an
 * event joins the first run of its type that is not before the run of its key's previous event.
 */
export function typeRuns(records: readonly EventRecord[]): EventRun[] {
  const [first] = records;
  if (first && records.every(({ event }) => event.type === first.event.type))
    return [{ type: first.event.type, records: [...records] }];
  const runs: EventRun[] = [];
  const lastRunOfKey = new Map<string, number>();
  for (const record of records) {
    const key = orderKey(record.event.tenantId, record.key);
    const { type } = record.event;
    const earliest = lastRunOfKey.get(key) ?? 0;
    const found = runs.findIndex((run, index) => index >= earliest && run.type === type);
    const index = found === -1 ? runs.push({ type, records: [] }) - 1 : found;
    runs[index].records.push(record);
    lastRunOfKey.set(key, index);
  }
  return runs;
}
