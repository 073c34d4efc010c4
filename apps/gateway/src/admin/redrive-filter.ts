import { parseTime } from '../request/time-text.js';
import type { RedriveFilter } from './dead-letter.requests.js';

/** The tier's form of a filter: times in UTC, nothing that was not given. */
export function tierFilter(filter: RedriveFilter): Readonly<Record<string, string | string[]>> {
  const { tenant_id, type, outcome, error_code, died_after, died_before, ids } = filter;
  const fields = {
    tenant_id: tenant_id?.toLowerCase(),
    type,
    outcome,
    error_code,
    died_after: parseTime(died_after)?.toISOString(),
    died_before: parseTime(died_before)?.toISOString(),
    ids: ids?.map((id) => id.toLowerCase()),
  };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given) as Record<string, string | string[]>;
}
