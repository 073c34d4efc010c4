import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import type { LimitRule } from './limit-rules.js';
import { LimitSystemRepository } from './limit.system.repository.js';

/** So late a changed limit is noticed at most. */
export const KEPT_MS = 2_000;

interface Page {
  readonly readAt: number;
  readonly rules: ReadonlyMap<string, LimitRule>;
}

const NONE: ReadonlyMap<string, LimitRule> = new Map();

/** The limits of tenants, by key; most have none, so they are read seldom and many at once. */
@Injectable()
export class LimitBook {
  private pages = new Map<string, Page>();

  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: LimitSystemRepository,
  ) {}

  /** The rules of each tenant; an empty map for one without. */
  async read(tenantIds: readonly string[]): Promise<(tenantId: string) => Page['rules']> {
    const now = performance.now();
    const wanted = new Set(tenantIds);
    const unknown = [...wanted].filter((id) => this.isStale(id, now));
    if (unknown.length > 0) await this.load(unknown, now);
    return (tenantId) => this.pages.get(tenantId)?.rules ?? NONE;
  }

  private isStale(tenantId: string, now: number): boolean {
    const page = this.pages.get(tenantId);
    return !page || now - page.readAt > KEPT_MS;
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
