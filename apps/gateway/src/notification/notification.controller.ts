import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { pageSize, ParseUuid, TenantRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import { type Call, CurrentCall } from '../access/current-call.js';
import { NotificationsClient } from '../clients/notifications.client.js';
import { pick } from '../compose/pick.js';
import { ApiId } from '../openapi/api-id.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { Cursors } from '../page/cursors.js';
import { ListNotificationsQuery, MarkNotificationRequest } from './notification.requests.js';
import {
  Notification,
  NOTIFICATION_FIELDS,
  NotificationList,
  UnreadCount,
} from './notification.schema.js';

/** The notifications of the user whose key it is. */
@ApiTags('Notifications')
@Controller('v1/notifications')
export class NotificationController {
  constructor(
    private readonly notifications: NotificationsClient,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @TenantRoute('notifications:read')
  @ApiOperation({ summary: 'List notifications, newest first' })
  @UsesTiers({ required: ['notifications'] })
  @Answers(200, NotificationList)
  @ApiProblems({ 400: ['invalid_cursor'] })
  async listNotifications(
    @CurrentCall() call: Call,
    @Query() query: ListNotificationsQuery,
  ): Promise<NotificationList> {
    const scope = { tenantId: call.caller.tenantId, resource: 'notifications' };
    const { unread, channel, limit } = query;
    const keyset = this.cursors.keyset(scope, query);
    const size = pageSize(limit);
    const page = await this.notifications.list(call, { limit: size, unread, channel, ...keyset });
    const data = page.data.map((notification) => pick(notification, NOTIFICATION_FIELDS));
    return this.cursors.envelope('/v1/notifications', scope, { ...page, data });
  }

  @Get('unread-count')
  @TenantRoute('notifications:read')
  @ApiOperation({ summary: 'Count unread notifications' })
  @UsesTiers({ required: ['notifications'] })
  @Answers(200, UnreadCount)
  async countUnreadNotifications(@CurrentCall() call: Call): Promise<UnreadCount> {
    const { count } = await this.notifications.countUnread(call);
    return { object: 'unread_count', count };
  }

  @Patch(':id')
  @TenantRoute('notifications:write')
  @ApiOperation({ summary: 'Mark a notification read or unread' })
  @UsesTiers({ required: ['notifications'] })
  @ApiId('notification')
  @Answers(200, Notification)
  @ApiProblems({ 404: ['not_found'] })
  async markNotification(
    @CurrentCall() call: Call,
    @Param('id', ParseUuid) id: string,
    @Body() { is_read }: MarkNotificationRequest,
  ): Promise<Notification> {
    return pick(await this.notifications.mark(call, id, is_read), NOTIFICATION_FIELDS);
  }
}
