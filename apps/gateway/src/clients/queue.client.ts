import { Injectable } from '@nestjs/common';
import type { TierClient } from '@penguinmails/http/tier-client';
import type { Call } from '../access/current-call.js';
import type { Attempt } from '../email/email-sections.schema.js';
import type { Job } from '../job/job.schema.js';
import { TierClients } from './tier-clients.js';

/** The queue tier as the gateway uses it. */
@Injectable()
export class QueueClient {
  readonly #tier: TierClient;

  constructor(tiers: TierClients) {
    this.#tier = tiers.of('queue');
  }

  getJob(call: Call, id: string): Promise<Job> {
    return this.#get(call, `/internal/jobs/${id}`);
  }

  /** The tries of an e-mail, oldest first; the job of an e-mail has its id. */
  async listAttempts(call: Call, emailId: string): Promise<readonly Attempt[]> {
    const path = `/internal/jobs/${emailId}/attempts`;
    return (await this.#get<{ data: readonly Attempt[] }>(call, path)).data;
  }

  async #get<T>(call: Call, path: string): Promise<T> {
    return (await this.#tier.request<T>({ ...call, method: 'GET', path })).body;
  }
}
