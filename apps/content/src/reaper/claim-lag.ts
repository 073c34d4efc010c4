import { Injectable } from '@nestjs/common';
import { topicsOfAll } from '@penguinmails/contracts';
import { EventTransport } from '@penguinmails/outbox';
import { consumes } from '../content.events.js';
import { ClaimProgress } from './claim-progress.js';

/** How old a claim may be that this service has not read yet. */
@Injectable()
export class ClaimLag {
  private readonly progress = new ClaimProgress(topicsOfAll(consumes));

  constructor(private readonly transport: EventTransport) {}

  /** Seconds; undefined until every partition was once seen read to its end. */
  seconds(): number | undefined {
    const { consumer } = this.transport;
    if (!consumer) return undefined;
    this.progress.observe(consumer.lag());
    return this.progress.lagSeconds(new Date());
  }
}
