import { Controller, Get, Query } from '@nestjs/common';
import { PlatformRoute } from '@penguinmails/http';
import { afterOf } from '../notification/page.js';
import { AdminEventQuery } from './admin-event.requests.js';
import { ListAdminEvents } from './list-admin-events.js';

/** Curated events of the platform and of all tenants, for operators. */
@Controller('internal/admin-events')
export class AdminEventController {
  constructor(private readonly listAdminEvents: ListAdminEvents) {}

  @PlatformRoute()
  @Get()
  async list(@Query() query: AdminEventQuery) {
    const { limit, severity = null, resolved = null } = query;
    const filter = { severity, resolved, after: afterOf(query), limit };
    const { data, has_more } = await this.listAdminEvents.execute(filter);
    return { data: data.map((event) => ({ object: 'system_event', ...event })), has_more };
  }
}
