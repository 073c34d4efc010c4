import { Injectable } from '@nestjs/common';
import { Problem } from '@penguinmails/http/problem';
import type { Call } from '../access/current-call.js';
import { OltpClient } from '../clients/oltp.client.js';
import type { Result } from '../idempotency/idempotent-requests.js';
import type { Email } from './email.schema.js';

/**
 * Cancels an e-mail. A request with an Idempotency-Key may be one whose answer was lost: that the
 * e-mail is cancelled by now is what it wanted, so nothing needs to be kept for it.
 */
@Injectable()
export class CancelEmail {
  constructor(private readonly oltp: OltpClient) {}

  /** @throws Problem 404, 409 `email_not_cancellable`, 503 */
  async execute(call: Call, id: string, mayBeRepeated: boolean): Promise<Result<Email>> {
    try {
      return { answer: await this.oltp.cancelEmail(call, id), replayed: false };
    } catch (error) {
      if (!mayBeRepeated || !isNotCancellable(error)) throw error;
      const { email } = await this.oltp.getEmail(call, id);
      if (email.status !== 'cancelled') throw error;
      return { answer: email, replayed: true };
    }
  }
}

function isNotCancellable(error: unknown): boolean {
  return error instanceof Problem && error.code === 'email_not_cancellable';
}
