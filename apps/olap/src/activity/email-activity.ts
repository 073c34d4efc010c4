/** What is counted per hour and mode; each is one column `<kind>_count` of email_activity_hourly. */
export const activityKinds = [
  'accepted',
  'scheduled',
  'queued',
  'sent',
  'delivered',
  'delivery_delayed',
  'bounced',
  'failed',
  'suppressed',
  'cancelled',
] as const;
export type ActivityKind = (typeof activityKinds)[number];

/** One thing that happened to one e-mail, without saying to which. */
export interface Occurrence {
  readonly tenantId: string;
  readonly mode: 'live' | 'test';
  readonly at: Date;
  /** Bytes of the accepted message, else 0. */
  readonly bytes: number;
}

/** How much one hour and mode of a tenant grows. */
export interface ActivityIncrement {
  readonly tenantId: string;
  readonly bucket: string;
  readonly mode: 'live' | 'test';
  readonly count: number;
  readonly bytes: number;
}

/** How much one month's bill of a tenant grows; test mail is not billed. */
export interface BillingIncrement {
  readonly tenantId: string;
  /** First day of the month, `YYYY-MM-01`, UTC. */
  readonly period_start: string;
  readonly count: number;
  readonly bytes: number;
}

const hourOf = (at: Date) => `${at.toISOString().slice(0, 13)}:00:00Z`;
const monthOf = (at: Date) => `${at.toISOString().slice(0, 7)}-01`;

const sums = (occurrences: readonly Occurrence[]) => ({
  count: occurrences.length,
  bytes: occurrences.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** Sums occurrences of one kind by tenant, UTC hour and mode. */
export function activityOf(occurrences: readonly Occurrence[]): ActivityIncrement[] {
  const groups = Map.groupBy(occurrences, ({ tenantId, at, mode }) =>
    [tenantId, hourOf(at), mode].join(' '),
  );
  return [...groups.values()].map((group) => ({
    tenantId: group[0]!.tenantId,
    bucket: hourOf(group[0]!.at),
    mode: group[0]!.mode,
    ...sums(group),
  }));
}

/** Sums live occurrences of one kind by tenant and UTC month. */
export function billingOf(occurrences: readonly Occurrence[]): BillingIncrement[] {
  const live = occurrences.filter(({ mode }) => mode === 'live');
  const groups = Map.groupBy(live, ({ tenantId, at }) => `${tenantId} ${monthOf(at)}`);
  return [...groups.values()].map((group) => ({
    tenantId: group[0]!.tenantId,
    period_start: monthOf(group[0]!.at),
    ...sums(group),
  }));
}
