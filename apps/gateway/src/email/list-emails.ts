import { Injectable } from '@nestjs/common';
import { pageSize } from '@penguinmails/http';
import type { Call } from '../access/current-call.js';
import { OltpClient } from '../clients/oltp.client.js';
import { pick } from '../compose/pick.js';
import { Cursors } from '../page/cursors.js';
import { parseTime } from '../request/time-text.js';
import { EMAIL_FIELDS, type EmailList } from './email.schema.js';
import type { ListEmailsQuery } from './list-emails.query.js';

/** One page of the tenant's e-mails. */
@Injectable()
export class ListEmails {
  constructor(
    private readonly oltp: OltpClient,
    private readonly cursors: Cursors,
  ) {}

  /** @throws Problem 400 `invalid_cursor`, 503 */
  async execute(call: Call, query: ListEmailsQuery): Promise<EmailList> {
    const scope = { tenantId: call.caller.tenantId, resource: 'emails' };
    const { has_more, data } = await this.oltp.listEmails(call, {
      limit: pageSize(query.limit),
      ...this.cursors.keyset(scope, query),
      status: query.status,
      created_after: parseTime(query.created_after)?.toISOString(),
      created_before: parseTime(query.created_before)?.toISOString(),
    });
    const page = { has_more, data: data.map((email) => pick(email, EMAIL_FIELDS)) };
    return this.cursors.envelope('/v1/emails', scope, page, query);
  }
}
