import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { ContentPair } from '../content/content-pair.js';
import { columnsOf } from '../content/content.system.repository.js';
import { statesChangedBy } from '../content/content-state.js';
import type { ReapCandidate, ReaperGraces } from './reaper-decision.js';

export type Unattached = ReapCandidate & ContentPair;

export interface DueContents extends ReaperGraces {
  /** false: leave out what waits for its deletion, or it would fill the batch and be kept. */
  readonly mayDelete: boolean;
  readonly limit: number;
}

const ANY_PARKED = 'SELECT EXISTS (SELECT FROM parked_event) AS parked';

/** Unattached contents of all tenants. */
@Injectable()
export class ReaperSystemRepository {
  /** True for one transaction at a time over all replicas; held until its end. */
  async lead(tx: SystemTransaction): Promise<boolean> {
    const { rows } = await tx.query<{ leads: boolean }>(
      `SELECT pg_try_advisory_xact_lock(hashtextextended('penguinmails.content.reaper', 0)) AS leads`,
    );
    return rows[0].leads;
  }

  /** The database's clock: all times of the reaper are by it. */
  async now(tx: SystemTransaction): Promise<Date> {
    const { rows } = await tx.query<{ now: Date }>('SELECT now()');
    return rows[0].now;
  }

  /** Contents whose next step is due, oldest first; those that somebody works on are left out. */
  async due(tx: SystemTransaction, wanted: DueContents): Promise<Unattached[]> {
    const { rows } = await tx.query<Unattached>(
      `SELECT tenant_id AS "tenantId", storage_key AS "storageKey", state,
         state_changed_at AS "stateChangedAt", references_asked_at AS "askedAt",
         references_denied_at AS "deniedAt"
       FROM content_objects
       WHERE (state = 'pending' AND state_changed_at <= now() - make_interval(secs => $1))
         OR (state = 'condemned' AND references_denied_at IS NULL
           AND references_asked_at <= now() - make_interval(secs => $2))
         OR (state = 'condemned' AND $4
           AND references_denied_at <= now() - make_interval(secs => $3))
       ORDER BY state_changed_at LIMIT $5 FOR UPDATE SKIP LOCKED`,
      [wanted.pending, wanted.askAgain, wanted.denied, wanted.mayDelete, wanted.limit],
    );
    return rows;
  }

  /** Notes that oltp is being asked; a pending content becomes condemned by it. */
  async markAsked(tx: SystemTransaction, pairs: readonly ContentPair[]): Promise<void> {
    await tx.query(
      `UPDATE content_objects o SET state = 'condemned', references_asked_at = now(),
         state_changed_at = CASE o.state WHEN 'pending' THEN now() ELSE o.state_changed_at END,
         row_version = o.row_version + 1, updated_at = now()
       FROM unnest($1::uuid[], $2::text[]) AS p (tenant_id, storage_key)
       WHERE o.tenant_id = p.tenant_id AND o.storage_key = p.storage_key AND o.state = ANY($3)`,
      [...columnsOf(pairs), [...statesChangedBy('condemn'), 'condemned']],
    );
  }

  /** Whether a claim may wait among the events whose handler failed. */
  async hasParkedEvents(tx: SystemTransaction): Promise<boolean> {
    const { rows } = await tx.query<{ parked: boolean }>(ANY_PARKED);
    return rows[0].parked;
  }
}
