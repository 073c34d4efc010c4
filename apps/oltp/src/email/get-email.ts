import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { notFound } from '@penguinmails/http/problem';
import { type EmailResource, emailResource } from './email-resource.js';
import { EmailRepository } from './email.repository.js';

export interface EmailWithContentKey {
  readonly email: EmailResource;
  /** For the gateway only: it never leaves it. */
  readonly content_storage_key: string;
}

@Injectable()
export class GetEmail {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly emails: EmailRepository,
  ) {}

  /** @throws Problem 404, for an id of another tenant as for an unknown one */
  async execute(tenantId: string, id: string): Promise<EmailWithContentKey> {
    const row = await this.tenants.once(tenantId, (tx) => this.emails.find(tx, id), {
      readOnly: true,
    });
    if (!row) throw notFound();
    return { email: emailResource(row), content_storage_key: row.content_storage_key };
  }
}
