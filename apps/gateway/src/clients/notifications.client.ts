import { Injectable } from '@nestjs/common';
import type { QueryValue, TierClient } from '@penguinmails/http/tier-client';
import type { Call } from '../access/current-call.js';
import type { SystemEvent } from '../admin/system-event.schema.js';
import type { Notification } from '../notification/notification.schema.js';
import type { Page } from './page.js';
import { TierClients } from './tier-clients.js';

type Query = Readonly<Record<string, QueryValue>>;

/** The notifications tier as the gateway uses it. */
@Injectable()
export class NotificationsClient {
  readonly #tier: TierClient;

  constructor(tiers: TierClients) {
    this.#tier = tiers.of('notifications');
  }

  list(call: Call, query: Query): Promise<Page<Notification>> {
    return this.#get(call, '/internal/notifications', query);
  }

  countUnread(call: Call): Promise<{ count: number }> {
    return this.#get(call, '/internal/notifications/unread-count');
  }

  /** Marking again changes nothing, so a lost connection may repeat it. */
  async mark(call: Call, id: string, isRead: boolean): Promise<Notification> {
    const path = `/internal/notifications/${id}`;
    const body = { is_read: isRead };
    const request = { ...call, method: 'PATCH', path, body, idempotent: true } as const;
    return (await this.#tier.request<Notification>(request)).body;
  }

  listSystemEvents(call: Call, query: Query): Promise<Page<SystemEvent>> {
    return this.#get(call, '/internal/admin-events', query);
  }

  async #get<T>(call: Call, path: string, query?: Query): Promise<T> {
    return (await this.#tier.request<T>({ ...call, method: 'GET', path, query })).body;
  }
}
