import { Inject, Injectable } from '@nestjs/common';
import { newEmailId, newStorageKey } from '@penguinmails/contracts';
import type { Problem } from '@penguinmails/http/problem';
import { counter, type Logger, metrics } from '@penguinmails/observability';
import type { Call } from '../access/current-call.js';
import { ContentClient } from '../clients/content.client.js';
import { leftNoTrace } from '../clients/left-no-trace.js';
import { type IdempotencyClaim, OltpClient } from '../clients/oltp.client.js';
import { GATEWAY_LOGGER } from '../gateway.tokens.js';
import { IdempotentRequests, type Result } from '../idempotency/idempotent-requests.js';
import { checkSchedule } from './check-message.js';
import type { Email } from './email.schema.js';
import { contentOf, metadataOf } from './message-parts.js';
import type { SendEmailRequest } from './send-email.request.js';

/**
 * Accepts an e-mail in two databases without a transaction over both: first the content under a key of
 * its own, then the row that refers to it. Between the two, a content that nothing refers to may stay
 * behind: it is taken back here when the refusal is certain, else by content's reaper.
 */
@Injectable()
export class SendEmail {
  constructor(
    private readonly requests: IdempotentRequests,
    private readonly content: ContentClient,
    private readonly oltp: OltpClient,
    @Inject(GATEWAY_LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws Problem 503 of content or oltp, 4xx of either; retryable without a second e-mail by key */
  execute(call: Call, key: string | undefined, message: SendEmailRequest): Promise<Result<Email>> {
    const attempt = { call, key, method: 'POST', route: '/v1/emails', body: message };
    return this.requests.run(attempt, (claim) => this.accept(call, message, claim));
  }

  private async accept(
    call: Call,
    message: SendEmailRequest,
    idempotency: IdempotencyClaim | undefined,
  ): Promise<Email> {
    checkSchedule(message);
    const storageKey = newStorageKey();
    const { sizeBytes, budget } = await this.content.put(call, storageKey, contentOf(message));
    const rest = { ...call, budget };
    const stored = { id: newEmailId(), storage_key: storageKey, size_bytes: sizeBytes };
    try {
      const newEmail = { ...stored, ...metadataOf(message), idempotency };
      const email = await this.oltp.acceptEmail(rest, newEmail);
      counter(metrics.emailsAccepted).add(1);
      return email;
    } catch (error) {
      if (leftNoTrace(error)) await this.takeBack(rest, storageKey);
      throw error;
    }
  }

  /** What cannot be taken back now is reaped later, so the request's own error matters more. */
  private async takeBack(call: Call, storageKey: string): Promise<void> {
    try {
      await this.content.delete(call, storageKey);
    } catch (error) {
      const { code } = error as Problem;
      this.logger.warn({ request_id: call.caller.requestId, code }, 'content not taken back');
    }
  }
}
