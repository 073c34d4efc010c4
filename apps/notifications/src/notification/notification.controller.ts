import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, ParseUuid, TenantRoute } from '@penguinmails/http';
import { MarkNotification } from './mark-notification.js';
import { FeedQuery, MarkRequest } from './notification.requests.js';
import { afterOf } from './page.js';
import { ReadNotifications } from './read-notifications.js';

const resource = (notification: object) => ({ object: 'notification', ...notification });

/** A key acts as a user of its tenant; one without a user has no notifications. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
const userOf = ({ actor }: Caller): string => actor.userId ?? NOBODY;

/** The notifications of the caller's user. */
@Controller('internal/notifications')
export class NotificationController {
  constructor(
    private readonly read: ReadNotifications,
    private readonly markNotification: MarkNotification,
  ) {}

  @TenantRoute('notifications:read')
  @Get()
  async feed(@CurrentCaller() caller: Caller, @Query() query: FeedQuery) {
    const { limit, unread = null, channel = null } = query;
    const filter = { userId: userOf(caller), unread, channel, after: afterOf(query), limit };
    const { data, has_more } = await this.read.feed(caller.tenantId, filter);
    return { data: data.map(resource), has_more };
  }

  @TenantRoute('notifications:read')
  @Get('unread-count')
  async countUnread(@CurrentCaller() caller: Caller) {
    return { count: await this.read.countUnread(caller.tenantId, userOf(caller)) };
  }

  @TenantRoute('notifications:write')
  @Patch(':id')
  async mark(
    @CurrentCaller() caller: Caller,
    @Param('id', ParseUuid) id: string,
    @Body() { is_read }: MarkRequest,
  ) {
    const which = { userId: userOf(caller), id, isRead: is_read };
    return resource(await this.markNotification.execute(caller.tenantId, which));
  }
}
