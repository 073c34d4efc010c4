import { Injectable } from '@nestjs/common';
import { SystemDatabase, TenantDatabase } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { notFound, unprocessable } from '@penguinmails/http/problem';
import { AuditLog } from '../audit/audit-log.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import type { TenantRowPosition } from './control.requests.js';
import { type LanePause, LanePauseRepository } from './lane-pause.repository.js';
import { LanePauseSystemRepository } from './lane-pause.system.repository.js';
import type { NewRateLimit } from './new-rate-limit.js';
import { type RateLimit, RateLimitRepository } from './rate-limit.repository.js';
import { RateLimitSystemRepository } from './rate-limit.system.repository.js';

/** Rows of a list. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly has_more: boolean;
}

/** Pauses and limits of tenants and mailboxes. Each write runs as the tenant whose row it is. */
@Injectable()
export class LaneControl {
  constructor(
    private readonly system: SystemDatabase,
    private readonly tenants: TenantDatabase,
    private readonly pauses: LanePauseRepository,
    private readonly allPauses: LanePauseSystemRepository,
    private readonly limits: RateLimitRepository,
    private readonly allLimits: RateLimitSystemRepository,
    private readonly ready: ReadyJobs,
    private readonly audit: AuditLog,
  ) {}

  async listPauses(
    tenantId: string | null,
    after: TenantRowPosition | null,
    limit: number,
  ): Promise<Page<LanePause>> {
    const read = { readOnly: true };
    const list = await this.system.once(
      (tx) => this.allPauses.list(tx, tenantId, after, limit),
      read,
    );
    return pageOf(list, limit);
  }

  /** @param mailboxId '' for the whole tenant */
  async pause(
    caller: Caller,
    tenantId: string,
    mailboxId: string,
    reason: string | null,
  ): Promise<LanePause> {
    const pause = await this.tenants.once(tenantId, (tx) =>
      this.pauses.pause(tx, mailboxId, reason),
    );
    this.audit.note(caller, 'lane paused', { tenantId, mailboxId, reason });
    return pause;
  }

  /** @throws Problem 404 when it is not paused */
  async resume(caller: Caller, tenantId: string, mailboxId: string): Promise<void> {
    const resumed = await this.tenants.once(tenantId, (tx) => this.pauses.resume(tx, mailboxId));
    if (!resumed) throw notFound();
    this.audit.note(caller, 'lane resumed', { tenantId, mailboxId });
    this.ready.wake();
  }

  async listLimits(
    tenantId: string | null,
    after: TenantRowPosition | null,
    limit: number,
  ): Promise<Page<RateLimit>> {
    const read = { readOnly: true };
    const list = await this.system.once(
      (tx) => this.allLimits.list(tx, tenantId, after, limit),
      read,
    );
    return pageOf(list, limit);
  }

  /** @throws Problem 422 for a limit that limits nothing */
  async setLimit(
    caller: Caller,
    tenantId: string,
    key: string,
    limit: NewRateLimit,
  ): Promise<RateLimit> {
    assertLimits(limit);
    const set = await this.tenants.once(tenantId, (tx) => this.limits.set(tx, key, limit));
    this.audit.note(caller, 'limit set', { tenantId, key, ...limit });
    this.ready.wake();
    return set;
  }

  /** @throws Problem 404 when there is none */
  async removeLimit(caller: Caller, tenantId: string, key: string): Promise<void> {
    const removed = await this.tenants.once(tenantId, (tx) => this.limits.remove(tx, key));
    if (!removed) throw notFound();
    this.audit.note(caller, 'limit removed', { tenantId, key });
    this.ready.wake();
  }
}

function assertLimits({ per_minute, per_day, warmup }: NewRateLimit): void {
  if (warmup && !isDay(warmup.started_on)) throw notADay();
  if (per_minute !== null || per_day !== null || warmup !== null) return;
  const detail = 'At least one of per_minute, per_day and warmup must limit something.';
  throw unprocessable([{ pointer: '', code: 'limits_nothing', detail }]);
}

/** The pattern lets 30 February through. */
function isDay(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function notADay() {
  const detail = 'There is no such day.';
  return unprocessable([{ pointer: '/warmup/started_on', code: 'format', detail }]);
}

function pageOf<T>(rows: readonly T[], limit: number): Page<T> {
  return { data: rows.slice(0, limit), has_more: rows.length > limit };
}
