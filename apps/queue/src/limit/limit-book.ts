import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import type { LimitRule } from './limit-rules.js';
import { LimitSystemRepository } from './limit.system.repository.js';

/** So late a changed limit is noticed at most. */
export const KEPT_MS = 2_000;
/** What is as old as this and still wanted is read anew while claims go on with what is known. */
const RENEWED_AFTER_MS = 1_000;

interface Page {
  readonly readAt: number;
  readonly rules: ReadonlyMap<string, LimitRule>;
}

const NONE: ReadonlyMap<string, LimitRule> = new Map();

/** The limits of tenants, by key; most have none, so they are read seldom and many at once. */
@Injectable()
export class LimitBook {
  private pages = new Map<string, Page>();
  private isRenewing = false;

  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: LimitSystemRepository,
  ) {}

  /** The rules of each tenant; an empty map for one without. */
  async read(tenantIds: readonly string[]): Promise<(tenantId: string) => Page['rules']> {
    const now = performance.now();
    const wanted = [...new Set(tenantIds)];
    const unknown = wanted.filter((id) => this.isOlder(id, now - KEPT_MS));
    if (unknown.length > 0) await this.load(unknown, now);
    const aging = wanted.filter((id) => this.isOlder(id, now - RENEWED_AFTER_MS));
    if (aging.length > 0 && !this.isRenewing) void this.renew(aging, now);
    // As they are now: what is forgotten while the claim goes on was a limit of it all the same.
    const rules = new Map(wanted.map((id) => [id, this.pages.get(id)?.rules ?? NONE]));
    return (tenantId) => rules.get(tenantId) ?? NONE;
  }

  private isOlder(tenantId: string, than: number): boolean {
    const page = this.pages.get(tenantId);
    return !page || page.readAt < than;
  }

  /** A failure leaves the pages as old as they are: whoever finds them too old reads and meets it. */
  private async renew(tenantIds: readonly string[], now: number): Promise<void> {
    this.isRenewing = true;
    await Promise.allSettled([this.load(tenantIds, now)]);
    this.isRenewing = false;
  }

  private async load(tenantIds: readonly string[], now: number): Promise<void> {
    const rules = await this.database.once((tx) => this.repository.rules(tx, tenantIds), {
      readOnly: true,
    });
    const byTenant = Map.groupBy(rules, (rule) => rule.tenantId);
    this.forgetOld(now);
    for (const id of tenantIds) {
      const own = (byTenant.get(id) ?? []).map((rule) => [rule.key, rule] as const);
      this.pages.set(id, { readAt: now, rules: own.length > 0 ? new Map(own) : NONE });
    }
  }

  private forgetOld(now: number): void {
    for (const [id, { readAt }] of this.pages) if (now - readAt > KEPT_MS) this.pages.delete(id);
  }
}
