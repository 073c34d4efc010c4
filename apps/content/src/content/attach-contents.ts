import { Inject, Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { Logger } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import { CONTENT_LOGGER } from '../content.tokens.js';
import { missingAlarm } from './content-alarms.js';
import { type Claim, ContentSystemRepository } from './content.system.repository.js';

/** Marks contents as needed; a claim on a content that is not there is an alarm, not an error. */
@Injectable()
export class AttachContents {
  constructor(
    private readonly contents: ContentSystemRepository,
    private readonly events: EventWriter,
    @Inject(CONTENT_LOGGER) private readonly logger: Logger,
  ) {}

  async execute(tx: SystemTransaction, claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    const missing = await this.contents.attach(tx, claims);
    if (missing.length === 0) return;
    this.logger.error({ count: missing.length }, 'claimed_content_missing');
    await this.events.write(tx, missing.map(missingAlarm));
  }
}
