import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import {
  type FeedFilter,
  type Notification,
  NotificationRepository,
} from './notification.repository.js';
import { type Page, pageOf } from './page.js';

/** The feed of one user and how much of it is unread. */
@Injectable()
export class ReadNotifications {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly notifications: NotificationRepository,
  ) {}

  async feed(tenantId: string, filter: FeedFilter): Promise<Page<Notification>> {
    const rows = await this.tenants.once(tenantId, (tx) => this.notifications.feed(tx, filter));
    return pageOf(rows, filter.limit);
  }

  countUnread(tenantId: string, userId: string): Promise<number> {
    return this.tenants.once(tenantId, (tx) => this.notifications.countUnread(tx, userId));
  }
}
