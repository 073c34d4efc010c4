import { Inject, Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction, TenantDatabase } from '@penguinmails/database';
import { counter, type Logger, metrics } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import { CONTENT_LOGGER, REAPER_GRACES } from '../content.tokens.js';
import { ContentRepository } from '../content/content.repository.js';
import { RemoveContents } from '../content/remove-contents.js';
import { ClaimLag } from './claim-lag.js';
import { decideReap, type ReapDecision, type ReaperGraces } from './reaper-decision.js';
import { ReaperSystemRepository, type Unattached } from './reaper.system.repository.js';
import { referencesAsked } from './references-asked.js';

const BATCH = 500;

/** What one round did, in contents. */
export interface ReapReport {
  readonly asked: number;
  readonly deleted: number;
}

/**
 * Gets rid of contents that nothing ever claimed. Asks oltp about what waited too long, and deletes
 * what oltp denied long enough ago. Any number of replicas may run it: one leads a round, and each
 * deletion checks its row again under a lock.
 */
@Injectable()
export class ReapContents {
  constructor(
    private readonly system: SystemDatabase,
    private readonly tenants: TenantDatabase,
    private readonly unattached: ReaperSystemRepository,
    private readonly contents: ContentRepository,
    private readonly removal: RemoveContents,
    private readonly events: EventWriter,
    private readonly lag: ClaimLag,
    @Inject(REAPER_GRACES) private readonly graces: ReaperGraces,
    @Inject(CONTENT_LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<ReapReport> {
    const decided = await this.system.transaction((tx) => this.decide(tx));
    const deleted = await this.deleteAll(decided.delete);
    const report = { asked: decided.asked, deleted };
    if (report.asked + deleted > 0) this.logger.info(report, 'contents_reaped');
    return report;
  }

  /** Asks about what is due in the transaction that notes the question. */
  private async decide(tx: SystemTransaction): Promise<{ asked: number; delete: Unattached[] }> {
    if (!(await this.unattached.lead(tx))) return { asked: 0, delete: [] };
    const now = await this.unattached.now(tx);
    const parked = await this.unattached.hasParkedEvents(tx);
    const lag = parked ? undefined : this.lag.seconds();
    const mayDelete = lag !== undefined && lag < this.graces.denied;
    const due = await this.unattached.due(tx, { ...this.graces, mayDelete, limit: BATCH });
    const by = (...decisions: ReapDecision[]) =>
      due.filter((content) => decisions.includes(decideReap(content, now, this.graces, lag)));
    const asked = by('condemn', 'ask_again');
    if (asked.length > 0) {
      await this.unattached.markAsked(tx, asked);
      await this.events.write(tx, referencesAsked(asked));
    }
    return { asked: asked.length, delete: by('delete') };
  }

  private async deleteAll(denied: readonly Unattached[]): Promise<number> {
    let deleted = 0;
    for (const tenantId of new Set(denied.map((content) => content.tenantId))) {
      const keys = denied.filter((content) => content.tenantId === tenantId);
      deleted += await this.deleteOf(
        tenantId,
        keys.map(({ storageKey }) => storageKey),
      );
    }
    counter(metrics.contentReaped).add(deleted);
    return deleted;
  }

  /** The tenant's own transaction: a claim that came meanwhile has attached the row, and it stays. */
  private deleteOf(tenantId: string, keys: readonly string[]): Promise<number> {
    return this.tenants.transaction(tenantId, async (tx) => {
      const still = await this.contents.lockDenied(tx, keys, this.graces.denied);
      await this.removal.execute(tx, still);
      return still.length;
    });
  }
}
