import { Injectable } from '@nestjs/common';
import { GrantReader } from '../grant/grants.js';
import { type BeginAnswer, refused } from './begin-answer.js';
import { BeginForTenant } from './begin-for-tenant.js';

export interface BeginItem {
  readonly tenantId: string;
  readonly emailId: string;
  readonly attempt: number;
}

/** How many tenants of one call are worked on at once: one call must not take the whole pool. */
const CONCURRENCY = 8;

/** Begins the attempts that a worker holds leases on, as far as its grants go. */
@Injectable()
export class BeginAttempts {
  constructor(
    private readonly grants: GrantReader,
    private readonly forTenant: BeginForTenant,
  ) {}

  /** @returns one answer per item, in their order */
  async execute(tokens: readonly string[], items: readonly BeginItem[]): Promise<BeginAnswer[]> {
    const access = await this.grants.read(tokens);
    const granted = items.filter((item) => access.coversEmail(item.tenantId, item.emailId));
    const answers = await this.begin(granted);
    return items.map((item) => answers.get(keyOf(item)) ?? refused(item.emailId, 'not_granted'));
  }

  private async begin(items: readonly BeginItem[]): Promise<Map<string, BeginAnswer>> {
    const answers = new Map<string, BeginAnswer>();
    const waiting = [...Map.groupBy(items, ({ tenantId }) => tenantId)];
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [tenantId, ofTenant] = next;
        for (const answer of await this.forTenant.execute(tenantId, ofTenant))
          answers.set(keyOf({ tenantId, emailId: answer.email_id }), answer);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return answers;
  }
}

function keyOf({ tenantId, emailId }: Pick<BeginItem, 'tenantId' | 'emailId'>): string {
  return `${tenantId}/${emailId}`;
}
