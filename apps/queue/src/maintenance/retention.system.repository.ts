import { Injectable } from '@nestjs/common';
import type { MaintenanceTask } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';

/** What has rows past their time. */
export type RetentionTask = Exclude<MaintenanceTask, 'vacuum_watch'>;

/** Dead letters that were not redriven stay until a person discards them. */
const REMOVE: Readonly<Record<RetentionTask, string>> = {
  dead_letters: `
DELETE FROM dead_letters d
USING (
  SELECT tenant_id, id FROM dead_letters
  WHERE redriven_at < now() - interval '90 days' ORDER BY redriven_at LIMIT $1
) old
WHERE d.tenant_id = old.tenant_id AND d.id = old.id`,
  // The condition is repeated: a key that is claimed again meanwhile stands for a new job.
  dedupe_keys: `
DELETE FROM dedupe_keys d
USING (
  SELECT tenant_id, job_type, dedupe_key FROM dedupe_keys
  WHERE expires_at < now() ORDER BY expires_at LIMIT $1
) old
WHERE d.tenant_id = old.tenant_id AND d.job_type = old.job_type AND d.dedupe_key = old.dedupe_key
  AND d.expires_at < now()`,
  // A bucket that nobody has used today is full, and a full one needs no row.
  rate_buckets: `
DELETE FROM rate_buckets b
USING (
  SELECT tenant_id, limit_key FROM rate_buckets
  WHERE day < (now() AT TIME ZONE 'UTC')::date AND refilled_at < now() - interval '1 hour' LIMIT $1
) old
WHERE b.tenant_id = old.tenant_id AND b.limit_key = old.limit_key
  AND b.day < (now() AT TIME ZONE 'UTC')::date`,
  job_groups: `
DELETE FROM job_groups g
USING (
  SELECT tenant_id, id FROM job_groups
  WHERE finished_at < now() - interval '90 days' ORDER BY finished_at LIMIT $1
) old
WHERE g.tenant_id = old.tenant_id AND g.id = old.id`,
};

/** Removes rows past their time, of all tenants. */
@Injectable()
export class RetentionSystemRepository {
  /** @returns how many were removed, `limit` at most */
  async remove(tx: SystemTransaction, task: RetentionTask, limit: number): Promise<number> {
    const { rowCount } = await tx.query(REMOVE[task], [limit]);
    return rowCount;
  }
}
