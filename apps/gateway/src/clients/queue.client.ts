import { Injectable } from '@nestjs/common';
import type { TierClient } from '@penguinmails/http/tier-client';
import type { Call } from '../access/current-call.js';
import type { Attempt } from '../email/email-sections.schema.js';
import { TierClients } from './tier-clients.js';

/** The queue tier as the gateway uses it. */
@Injectable()
export class QueueClient {
  readonly #tier: TierClient;

  constructor(tiers: TierClients) {
    this.#tier = tiers.of('queue');
  }

  /** The tries of an e-mail, oldest first; the job of an e-mail has its id. */
  async listAttempts(call: Call, emailId: string): Promise<readonly Attempt[]> {
    const path = `/internal/jobs/${emailId}/attempts`;
    const request = { ...call, method: 'GET', path } as const;
    return (await this.#tier.request<{ data: readonly Attempt[] }>(request)).body.data;
  }
}
