import { newId } from '@penguinmails/contracts';

/** What the writers write about: an event of a real type, on its real topic, keyed by aggregate. */
export const EVENT_TYPE = 'penguinmails.email.withdrawn.v1';
export const TOPIC = 'penguinmails.internal.oltp.emails.v1';
export const PUBLIC_URL = 'http://localhost:8080';

/** Consumers with odd numbers handle events tenant by tenant, the others all at once. */
export const loginOfConsumer = (name: string): 'app' | 'system' =>
  Number(name.at(-1)) % 2 === 1 ? 'app' : 'system';

const TENANTS = 10;
const AGGREGATES = 50;

export interface Aggregate {
  readonly id: string;
  readonly tenantId: string;
}

/** 50 aggregates of 10 tenants. */
export function newAggregates(): Aggregate[] {
  const tenants = Array.from({ length: TENANTS }, newId);
  return Array.from({ length: AGGREGATES }, (_, n) => ({
    id: newId(),
    tenantId: tenants[n % TENANTS] ?? '',
  }));
}
