import { Controller } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { AttachContents } from '../content/attach-contents.js';
import { ContentSystemRepository } from '../content/content.system.repository.js';

const TYPE = 'penguinmails.content.references_answered.v1';

/**
 * oltp says which contents something refers to. What is held is attached, also when another answer of
 * the same slice denies it: denials come first here, and an attached content is past all denials.
 */
@Controller()
export class OnContentReferencesAnswered {
  constructor(
    private readonly attach: AttachContents,
    private readonly contents: ContentSystemRepository,
  ) {}

  @HandlesEvent(TYPE, { login: 'system' })
  async handle(events: ReceivedEvent<typeof TYPE>[], tx: SystemTransaction): Promise<void> {
    const denied = events.flatMap(({ tenantId, data }) => pairs(tenantId, data.denied));
    const held = events.flatMap(({ tenantId, data }) => pairs(tenantId, data.held));
    if (denied.length > 0) await this.contents.deny(tx, denied);
    await this.attach.execute(
      tx,
      held.map((pair) => ({ ...pair, ownerHint: null })),
    );
  }
}

function pairs(tenantId: string, storageKeys: readonly string[]) {
  return storageKeys.map((storageKey) => ({ tenantId, storageKey }));
}
