import { Controller } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import {
  EventWriter,
  HandlesEvent,
  type AnyNewEvent,
  type ReceivedEvent,
} from '@penguinmails/outbox';
import { ContentReferenceRepository } from './content-reference.repository.js';

type ReferencesAsked = ReceivedEvent<'penguinmails.content.references_asked.v1'>;

/** Tells content which of its keys an e-mail or campaign step refers to; the rest it may let go. */
@Controller()
export class OnContentReferencesAsked {
  constructor(
    private readonly references: ContentReferenceRepository,
    private readonly events: EventWriter,
  ) {}

  @HandlesEvent('penguinmails.content.references_asked.v1', { login: 'app' })
  async handle(received: ReferencesAsked[], tx: TenantTransaction): Promise<void> {
    const keys = received.flatMap(({ data }) => data.keys);
    const held = await this.references.held(tx, [...new Set(keys)]);
    await this.events.write(
      tx,
      received.map((asked) => answerTo(asked, held)),
    );
  }
}

/** One answer for one question: its keys share a bucket, as the event's key wants it. */
function answerTo(asked: ReferencesAsked, held: ReadonlySet<string>): AnyNewEvent {
  const { id: causationId, tenantId, subject, data } = asked;
  return {
    type: 'penguinmails.content.references_answered.v1',
    tenantId,
    subject,
    causationId,
    data: {
      held: data.keys.filter((key) => held.has(key)),
      denied: data.keys.filter((key) => !held.has(key)),
    },
  };
}
