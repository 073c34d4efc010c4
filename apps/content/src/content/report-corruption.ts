import { Inject, Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { Problem } from '@penguinmails/http/problem';
import { counter, type Logger, metrics } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import { CONTENT_LOGGER } from '../content.tokens.js';
import { DamagedBytes } from './compression.js';
import { corruptedAlarm } from './content-alarms.js';

/** Tells operators of bytes that cannot be trusted any more, and the caller as little as possible. */
@Injectable()
export class ReportCorruption {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly events: EventWriter,
    @Inject(CONTENT_LOGGER) private readonly logger: Logger,
  ) {}

  async execute(tenantId: string, storageKey: string): Promise<void> {
    counter(metrics.contentCorrupted).add(1);
    this.logger.error({ tenant_id: tenantId, storage_key: storageKey }, 'content_corrupted');
    await this.tenants.transaction(tenantId, (tx) =>
      this.events.write(tx, [corruptedAlarm({ tenantId, storageKey })]),
    );
  }

  /**
   * Runs `open`; damaged bytes are reported and never reach the caller.
   * @throws Problem 502 `content_corrupted`
   */
  async guard<T>(tenantId: string, storageKey: string, open: () => Promise<T>): Promise<T> {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof DamagedBytes)) throw error;
      await this.execute(tenantId, storageKey);
      throw contentCorrupted(error);
    }
  }
}

function contentCorrupted(cause: DamagedBytes): Problem {
  return new Problem(502, 'content_corrupted', {
    detail: 'The stored content failed its integrity check and is not served.',
    cause,
  });
}
