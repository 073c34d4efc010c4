import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { BodyLimit, ServiceRoute } from '@penguinmails/http';
import { ReadTransportsRequest } from './mailbox.requests.js';
import { type MailboxTransport, ReadTransports } from './read-transports.js';

const BODY_BYTES = 4 * 1024 * 1024;

@Controller('internal')
export class MailboxController {
  constructor(private readonly reading: ReadTransports) {}

  @Post('mailboxes::transport')
  @HttpCode(200)
  @BodyLimit(BODY_BYTES)
  @ServiceRoute('worker')
  async transports(
    @Body() { grants, items }: ReadTransportsRequest,
  ): Promise<{ readonly mailboxes: readonly MailboxTransport[] }> {
    const names = items.map(({ tenant_id, mailbox_id }) => ({
      tenantId: tenant_id,
      mailboxId: mailbox_id,
    }));
    return { mailboxes: await this.reading.execute(grants, names) };
  }
}
