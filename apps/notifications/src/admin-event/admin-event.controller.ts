import { Controller, Get, Query } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { PlatformRoute } from '@penguinmails/http';
import { afterOf, pageOf } from '../notification/page.js';
import { AdminEventQuery } from './admin-event.requests.js';
import { type AdminEvent, AdminEventSystemRepository } from './admin-event.system.repository.js';

const resource = (event: AdminEvent) => ({ object: 'system_event', ...event });

/** Curated events of the platform and of all tenants, for operators. */
@Controller('internal/admin-events')
export class AdminEventController {
  constructor(
    private readonly system: SystemDatabase,
    private readonly events: AdminEventSystemRepository,
  ) {}

  @PlatformRoute()
  @Get()
  async list(@Query() query: AdminEventQuery) {
    const { limit, severity = null, resolved = null } = query;
    const filter = { severity, resolved, after: afterOf(query), limit };
    const rows = await this.system.once((tx) => this.events.list(tx, filter));
    return pageOf(rows.map(resource), limit);
  }
}
