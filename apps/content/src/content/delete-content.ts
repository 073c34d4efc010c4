import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { conflict, notFound } from '@penguinmails/http/problem';
import { afterMove } from './content-state.js';
import { ContentRepository } from './content.repository.js';
import { RemoveContents } from './remove-contents.js';

/** A writer takes back what it stored, because what was to refer to it was refused. */
@Injectable()
export class DeleteContent {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly contents: ContentRepository,
    private readonly removal: RemoveContents,
  ) {}

  /** @throws Problem 404, 409 `content_not_deletable` once it is attached or in the reaper's hands */
  async execute(tenantId: string, storageKey: string): Promise<void> {
    await this.tenants.transaction(tenantId, async (tx) => {
      const there = await this.contents.lock(tx, storageKey);
      if (!there) throw notFound();
      if (afterMove(there.state, 'discard') !== 'gone')
        throw conflict('content_not_deletable', 'Only a content nothing refers to can be deleted.');
      await this.removal.execute(tx, [storageKey]);
    });
  }
}
