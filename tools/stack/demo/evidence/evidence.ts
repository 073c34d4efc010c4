import type { StackPlan } from '../../plan.ts';
import type { Tier } from '../../ports.ts';
import { queryOnce } from '../../postgres/query.ts';

/** The tenant whose e-mail is followed, before the e-mail exists. */
export interface DemoTenantContext {
  plan: StackPlan;
  tenantId: string;
}

/** The e-mail that is followed. */
export interface DemoEmail extends DemoTenantContext {
  id: string;
  /** Where the copy arrives. */
  to: string;
  subject: string;
  sentAt: Date;
}

/** What one tier holds about the e-mail. */
export interface Found {
  text: string;
  at: Date;
}

/** How one tier is asked: what it held before, and what it holds now. */
export interface Witness<Before = unknown> {
  tier: string;
  /** Counters before the e-mail; nothing where its rows are found by their id. */
  before(context: DemoTenantContext): Promise<Before>;
  /** Undefined until the tier has done all of its part. */
  after(email: DemoEmail, before: Before): Promise<Found | undefined>;
}

/** A witness that finds the e-mail by its id. */
export const byId = (
  tier: string,
  after: (email: DemoEmail) => Promise<Found | undefined>,
): Witness => ({ tier, before: async () => undefined, after });

/** Rows of one tier's database, read as its administrator. */
export function rowsOf<R extends object>(
  plan: StackPlan,
  tier: Tier,
  text: string,
  values: unknown[],
): Promise<R[]> {
  return queryOnce<R>(plan.databases[tier].urls.admin, text, values);
}
