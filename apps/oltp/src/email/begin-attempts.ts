import { Injectable } from '@nestjs/common';
import { GrantReader } from '../grant/grants.js';
import { type BeginAnswer, refused } from './begin-answer.js';
import { BeginForTenant } from './begin-for-tenant.js';
import { BeginTogether, type TenantAttempts } from './begin-together.js';

export interface BeginItem {
  readonly tenantId: string;
  readonly emailId: string;
  readonly attempt: number;
}

/** How many tenants of one call are worked on alone at once: one call must not take the whole pool. */
const CONCURRENCY = 8;

/** Begins the attempts that a worker holds leases on, as far as its grants go. */
@Injectable()
export class BeginAttempts {
  constructor(
    private readonly grants: GrantReader,
    private readonly together: BeginTogether,
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
    const groups = byTenant(items);
    const together = await this.together.execute(groups);
    const answers = new Map<string, BeginAnswer>();
    const note = (tenantId: string, some: readonly BeginAnswer[]): void =>
      some.forEach((answer) => answers.set(keyOf({ tenantId, emailId: answer.email_id }), answer));
    groups.forEach(({ tenantId }, at) => note(tenantId, together[at]));
    const waiting = [...Map.groupBy(unanswered(items, answers), ({ tenantId }) => tenantId)];
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop())
        note(next[0], await this.forTenant.execute(...next));
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return answers;
  }
}

/** An e-mail named twice counts once. */
function byTenant(items: readonly BeginItem[]): TenantAttempts[] {
  const groups = Map.groupBy(items, ({ tenantId }) => tenantId);
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([tenantId, own]) => ({
      tenantId,
      attempts: new Map(own.map(({ emailId, attempt }) => [emailId, attempt])),
    }));
}

const unanswered = (items: readonly BeginItem[], answers: ReadonlyMap<string, unknown>) =>
  items.filter((item) => !answers.has(keyOf(item)));

function keyOf({ tenantId, emailId }: Pick<BeginItem, 'tenantId' | 'emailId'>): string {
  return `${tenantId}/${emailId}`;
}
