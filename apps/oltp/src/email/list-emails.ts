import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { type EmailResource, emailResource } from './email-resource.js';
import { type EmailFilter, EmailRepository } from './email.repository.js';

export interface EmailPage {
  /** Newest first, whichever way was paged. */
  readonly data: readonly EmailResource[];
  /** There are more rows in the direction of paging. */
  readonly has_more: boolean;
}

@Injectable()
export class ListEmails {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly emails: EmailRepository,
  ) {}

  async execute(tenantId: string, filter: EmailFilter): Promise<EmailPage> {
    const rows = await this.tenants.once(tenantId, (tx) => this.emails.list(tx, filter), {
      readOnly: true,
    });
    const page = rows.slice(0, filter.limit);
    if (filter.before) page.reverse();
    return { data: page.map(emailResource), has_more: rows.length > filter.limit };
  }
}
