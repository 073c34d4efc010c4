import { Injectable } from '@nestjs/common';
import type { QueryValue, TierClient } from '@penguinmails/http/tier-client';
import type { Call } from '../access/current-call.js';
import type { DeadLetter, DeadLetterDetails, RedrivePreview } from '../admin/dead-letter.schema.js';
import type { Queue, QueueLimit, QueuePause } from '../admin/queue.schema.js';
import type { Job } from '../job/job.schema.js';
import type { Page } from './page.js';
import { TierClients } from './tier-clients.js';

type Query = Readonly<Record<string, QueryValue>>;

/** A redrive that was ordered, now or by an earlier request with the same key. */
export interface OrderedRedrive {
  readonly job: Job;
  readonly replayed: boolean;
}

/** What operators do with the queue tier. All of it may be done twice, so a lost connection may repeat it. */
@Injectable()
export class QueueAdminClient {
  readonly #tier: TierClient;

  constructor(tiers: TierClients) {
    this.#tier = tiers.of('queue');
  }

  listQueues(call: Call): Promise<{ readonly data: readonly Queue[] }> {
    return this.#ask(call, 'GET', '/internal/queues');
  }

  pauseQueue(call: Call, type: string, reason: string | null): Promise<Queue> {
    return this.#ask(call, 'POST', `/internal/queues/${encodeURIComponent(type)}/pause`, {
      reason,
    });
  }

  resumeQueue(call: Call, type: string): Promise<Queue> {
    return this.#ask(call, 'POST', `/internal/queues/${encodeURIComponent(type)}/resume`);
  }

  listPauses(call: Call, query: Query): Promise<Page<QueuePause>> {
    return this.#list(call, '/internal/queue-pauses', query);
  }

  pause(call: Call, body: object): Promise<QueuePause> {
    return this.#ask(call, 'POST', '/internal/queue-pauses', body);
  }

  /** Not repeated on a lost connection: the second answer would be that there is no such pause. */
  async resume(call: Call, tenantId: string, mailboxId: string | undefined): Promise<void> {
    const query = { mailbox_id: mailboxId };
    const path = `/internal/queue-pauses/${tenantId}`;
    await this.#tier.request({ ...call, method: 'DELETE', path, query });
  }

  listLimits(call: Call, query: Query): Promise<Page<QueueLimit>> {
    return this.#list(call, '/internal/queue-limits', query);
  }

  setLimit(call: Call, tenantId: string, key: string, body: object): Promise<QueueLimit> {
    return this.#ask(call, 'PUT', limitPath(tenantId, key), body);
  }

  /** Not repeated, as {@link resume}. */
  async removeLimit(call: Call, tenantId: string, key: string): Promise<void> {
    await this.#tier.request({ ...call, method: 'DELETE', path: limitPath(tenantId, key) });
  }

  listDeadLetters(call: Call, query: Query): Promise<Page<DeadLetter>> {
    return this.#list(call, '/internal/dead-letters', query);
  }

  findDeadLetter(call: Call, id: string): Promise<DeadLetterDetails> {
    return this.#ask(call, 'GET', `/internal/dead-letters/${id}`);
  }

  /** Not repeated, as {@link resume}. */
  async discardDeadLetter(call: Call, id: string): Promise<void> {
    await this.#tier.request({ ...call, method: 'DELETE', path: `/internal/dead-letters/${id}` });
  }

  previewRedrive(call: Call, filter: object): Promise<RedrivePreview> {
    return this.#ask(call, 'POST', '/internal/dead-letters:preview', { filter });
  }

  /** Without a key a lost connection must not repeat it: it would be ordered twice. */
  async orderRedrive(call: Call, filter: object, key: string | null): Promise<OrderedRedrive> {
    const path = '/internal/dead-letters:order_redrive';
    const body = { filter, idempotency_key: key };
    const request = { ...call, method: 'POST', path, body, idempotent: key !== null } as const;
    return (await this.#tier.request<OrderedRedrive>(request)).body;
  }

  async #list<T>(call: Call, path: string, query: Query): Promise<Page<T>> {
    return (await this.#tier.request<Page<T>>({ ...call, method: 'GET', path, query })).body;
  }

  async #ask<T>(
    call: Call,
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: object,
  ): Promise<T> {
    return (await this.#tier.request<T>({ ...call, method, path, body, idempotent: true })).body;
  }
}

const limitPath = (tenantId: string, key: string): string =>
  `/internal/queue-limits/${tenantId}/${encodeURIComponent(key)}`;
