import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '@penguinmails/http';
import type { Logger } from '@penguinmails/observability';
import { QUEUE_LOGGER } from '../queue.tokens.js';

/** Who changed what: one line a change, with ids only. Written after the commit. */
@Injectable()
export class AuditLog {
  constructor(@Inject(QUEUE_LOGGER) private readonly logger: Logger) {}

  /** @param what such as `queue paused` */
  note({ actor, requestId }: Caller, what: string, about: Readonly<Record<string, unknown>>): void {
    this.logger.warn({ audit: true, actorId: actor.id, requestId, ...about }, what);
  }
}
