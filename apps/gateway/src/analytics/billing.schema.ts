import { Count, Kind, ListOf, Text, Time } from '../openapi/fields.js';
import { ListFields } from '../page/list-fields.js';

/** One month of a tenant. */
export class BillingPeriod {
  @Kind('billing_period') object: 'billing_period';
  @Text({ format: 'date', description: 'First day.' }) period_start: string;
  @Text({ format: 'date', description: 'Last day.' }) period_end: string;
  @Count({ description: 'Live mode only, as everything here.' }) emails_sent: number;
  @Count() emails_delivered: number;
  @Count() emails_bounced: number;
  @Count() total_bytes: number;
  @Text({ pattern: '^\\d+\\.\\d{2}$' }) total_size_mb: string;
  @Text({ pattern: '^\\d+\\.\\d{4}$' }) estimated_cost_usd: string;
}

export class BillingList extends ListFields {
  @ListOf(() => BillingPeriod) data: readonly BillingPeriod[];
  @Time({ description: 'Every event published before is counted, or was given up.' }) as_of: string;
  @Count({ description: 'Age of `as_of`: how far behind the figures may be.' }) lag_seconds: number;
}

export const BILLING_FIELDS = [
  'period_start',
  'period_end',
  'emails_sent',
  'emails_delivered',
  'emails_bounced',
  'total_bytes',
  'total_size_mb',
  'estimated_cost_usd',
] as const satisfies readonly (keyof BillingPeriod)[];
