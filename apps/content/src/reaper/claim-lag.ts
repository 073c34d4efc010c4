import { Injectable } from '@nestjs/common';
import { EventTransport } from '@penguinmails/outbox';

/** How old a claim may be that this service has not read yet. */
@Injectable()
export class ClaimLag {
  constructor(private readonly transport: EventTransport) {}

  /** Seconds; undefined until every partition was once read up to an end that was seen. */
  seconds(): number | undefined {
    const readUntil = this.transport.consumer?.lag().readUntil;
    return readUntil ? (Date.now() - readUntil.getTime()) / 1000 : undefined;
  }
}
