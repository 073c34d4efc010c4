import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { type Page, pageOf } from '../notification/page.js';
import {
  type AdminEvent,
  type AdminEventFilter,
  AdminEventSystemRepository,
} from './admin-event.system.repository.js';

/** Curated events of all tenants, newest first: a platform read. */
@Injectable()
export class ListAdminEvents {
  constructor(
    private readonly system: SystemDatabase,
    private readonly events: AdminEventSystemRepository,
  ) {}

  async execute(filter: AdminEventFilter): Promise<Page<AdminEvent>> {
    const rows = await this.system.once((tx) => this.events.list(tx, filter));
    return pageOf(rows, filter.limit);
  }
}
