import { Injectable } from '@nestjs/common';
import type { Call } from '../access/current-call.js';
import { ContentClient, type StoredContent } from '../clients/content.client.js';
import { OltpClient } from '../clients/oltp.client.js';
import { QueueClient } from '../clients/queue.client.js';
import { EMAIL_FIELDS } from '../email/email.schema.js';
import {
  type Attempt,
  ATTACHMENT_FIELDS,
  ATTEMPT_FIELDS,
  type ComposedEmail,
  type EmailContent,
} from '../email/email-sections.schema.js';
import type { Includable } from '../email/include.query.js';
import { pick } from './pick.js';
import { readSection, type Section } from './section.js';

/** E-mails composed of what three tiers know. oltp's part is required, the others' are not. */
@Injectable()
export class EmailView {
  constructor(
    private readonly oltp: OltpClient,
    private readonly content: ContentClient,
    private readonly queue: QueueClient,
  ) {}

  /** @throws Problem 404, 503 of oltp; whatever else is missing the answer says */
  async read(call: Call, id: string, include: ReadonlySet<Includable>): Promise<ComposedEmail> {
    const { email, content_storage_key: key } = await this.oltp.getEmail(call, id);
    const own = pick(email, EMAIL_FIELDS);
    if (include.size === 0) return own;
    const [content, attempts] = await Promise.all([
      include.has('content') ? readSection(() => this.readByKey(call, id, key)) : undefined,
      include.has('attempts') ? readSection(() => this.attempts(call, id)) : undefined,
    ]);
    const degraded = isMissing(content) || isMissing(attempts);
    return { ...own, degraded, ...(content && { content }), ...(attempts && { attempts }) };
  }

  /** @throws Problem 404, 503 of oltp or content, 502 `content_corrupted` */
  async readContent(call: Call, id: string): Promise<EmailContent> {
    const { content_storage_key: key } = await this.oltp.getEmail(call, id);
    return this.readByKey(call, id, key);
  }

  private async readByKey(call: Call, id: string, key: string): Promise<EmailContent> {
    return emailContent(id, await this.content.get(call, key));
  }

  private async attempts(call: Call, id: string): Promise<Attempt[]> {
    const attempts = await this.queue.listAttempts(call, id);
    return attempts.map((attempt) => pick(attempt, ATTEMPT_FIELDS));
  }
}

function emailContent(emailId: string, { text, html, headers, attachments }: StoredContent) {
  const files = attachments.map((file) => pick(file, ATTACHMENT_FIELDS));
  return {
    object: 'email_content',
    email_id: emailId,
    text,
    html,
    headers,
    attachments: files,
  } as const;
}

function isMissing(section: Section<unknown> | undefined): boolean {
  return section?.status === 'unavailable';
}
