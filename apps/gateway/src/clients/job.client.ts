import { Injectable } from '@nestjs/common';
import type { QueryValue, TierClient } from '@penguinmails/http/tier-client';
import type { Call } from '../access/current-call.js';
import type { Job, JobSummary } from '../job/job.schema.js';
import { TierClients } from './tier-clients.js';

/** A page of jobs, and where the next one begins. */
export interface JobPage {
  readonly data: readonly JobSummary[];
  readonly next: { readonly created_at: string; readonly id: string } | null;
}

/** A job that was retried, and whether an earlier request had done it. */
export interface RetriedJob {
  readonly job: Job;
  readonly replayed: boolean;
}

/** The jobs of the queue tier as the gateway uses them. */
@Injectable()
export class JobClient {
  readonly #tier: TierClient;

  constructor(tiers: TierClients) {
    this.#tier = tiers.of('queue');
  }

  async list(call: Call, query: Readonly<Record<string, QueryValue>>): Promise<JobPage> {
    const request = { ...call, method: 'GET', path: '/internal/jobs', query } as const;
    return (await this.#tier.request<JobPage>(request)).body;
  }

  async get(call: Call, id: string): Promise<Job> {
    const request = { ...call, method: 'GET', path: `/internal/jobs/${id}` } as const;
    return (await this.#tier.request<Job>(request)).body;
  }

  /** Not repeated on a lost connection: the second answer would deny what the first had done. */
  async cancel(call: Call, id: string): Promise<Job> {
    const request = { ...call, method: 'POST', path: `/internal/jobs/${id}/cancel` } as const;
    return (await this.#tier.request<Job>(request)).body;
  }

  /** @param mayBeRepeated it carries an Idempotency-Key: a lost connection may repeat it, too */
  async retry(call: Call, id: string, mayBeRepeated: boolean): Promise<RetriedJob> {
    const path = `/internal/jobs/${id}/retry`;
    const body = { may_be_repeated: mayBeRepeated };
    const request = { ...call, method: 'POST', path, body, idempotent: mayBeRepeated } as const;
    return (await this.#tier.request<RetriedJob>(request)).body;
  }
}
