import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  consumersOf,
  declarationOf,
  type EventData,
  type EventType,
  eventTypes,
  newId,
} from '@penguinmails/contracts';
import { eventRecord, type TestRecord } from '@penguinmails/testing/events';
import { root } from '../../stack/repository.ts';

const PREFIX = 'penguinmails.';
type Data = Record<string, unknown>;

/** The first example of a type's contract. @throws Error when it has none: a new type needs one */
export function exampleOf(type: EventType): Data {
  const folder = join(root, 'libs/contracts/events', type.replace(PREFIX, ''), 'examples');
  const [file] = globSync('*.json', { cwd: folder }).sort();
  if (!file) throw new Error(`${type} has no example: no probe can forge it`);
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as Data;
}

/** Every type that somebody consumes. */
export const consumedTypes = (): EventType[] =>
  eventTypes.filter((type) => consumersOf(type).length > 0);

/** The record of an event with this data, as its owner would write it. */
export function recordOf(type: EventType, tenantId: string, data: Data): TestRecord {
  const event = { type, tenantId, subject: newId(), data: data as unknown as EventData<EventType> };
  return eventRecord(event);
}

/** The example as an event of the tenant. */
export function exampleEvent(type: EventType, tenantId: string): TestRecord {
  const data = exampleOf(type);
  return recordOf(type, tenantId, 'tenant_id' in data ? { ...data, tenant_id: tenantId } : data);
}

/** Whether key or data of the type name the tenant, beside the header. */
export function namesTenantTwice(type: EventType): boolean {
  return 'tenant_id' in exampleOf(type) || declarationOf(type).key.rule !== 'field';
}
