import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { type Caller, CurrentCaller, ParseUuid, TenantRoute } from '@penguinmails/http';
import { notFound } from '@penguinmails/http/problem';
import { type Notification, NotificationRepository } from './notification.repository.js';
import { FeedQuery, MarkRequest } from './notification.requests.js';
import { afterOf, pageOf } from './page.js';

const resource = (notification: Notification) => ({ object: 'notification', ...notification });

/** A key acts as a user of its tenant; one without a user has no notifications. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
const userOf = ({ actor }: Caller): string => actor.userId ?? NOBODY;

/** The notifications of the caller's user. */
@Controller('internal/notifications')
export class NotificationController {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly notifications: NotificationRepository,
  ) {}

  @TenantRoute('notifications:read')
  @Get()
  async feed(@CurrentCaller() caller: Caller, @Query() query: FeedQuery) {
    const { limit, unread = null, channel = null } = query;
    const filter = { userId: userOf(caller), unread, channel, after: afterOf(query), limit };
    const rows = await this.tenants.once(caller.tenantId, (tx) =>
      this.notifications.feed(tx, filter),
    );
    return pageOf(rows.map(resource), limit);
  }

  @TenantRoute('notifications:read')
  @Get('unread-count')
  async countUnread(@CurrentCaller() caller: Caller) {
    const count = await this.tenants.once(caller.tenantId, (tx) =>
      this.notifications.countUnread(tx, userOf(caller)),
    );
    return { count };
  }

  @TenantRoute('notifications:write')
  @Patch(':id')
  async mark(
    @CurrentCaller() caller: Caller,
    @Param('id', ParseUuid) id: string,
    @Body() { is_read }: MarkRequest,
  ) {
    const which = { userId: userOf(caller), id, isRead: is_read };
    const marked = await this.tenants.once(caller.tenantId, (tx) =>
      this.notifications.mark(tx, which),
    );
    if (!marked) throw notFound();
    return resource(marked);
  }
}
