import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { notFound } from '@penguinmails/http/problem';
import { type Notification, NotificationRepository } from './notification.repository.js';

/** Marks one notification of a user read or unread; doing it twice changes nothing. */
@Injectable()
export class MarkNotification {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly notifications: NotificationRepository,
  ) {}

  /** @throws Problem 404: unknown, deleted, expired, or somebody else's */
  async execute(
    tenantId: string,
    which: { userId: string; id: string; isRead: boolean },
  ): Promise<Notification> {
    const marked = await this.tenants.once(tenantId, (tx) => this.notifications.mark(tx, which));
    if (!marked) throw notFound();
    return marked;
  }
}
