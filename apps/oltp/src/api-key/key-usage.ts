import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { ApiKeySystemRepository, type KeyUse } from './api-key.system.repository.js';

const MAX_NOTED = 10_000;

/**
 * Notes which keys were used and writes it down later, many at once, so that no request waits for it.
 * What a crash loses is at most a few seconds of `last_used_at`.
 */
@Injectable()
export class KeyUsage {
  #noted = new Map<string, KeyUse>();

  constructor(
    private readonly system: SystemDatabase,
    private readonly keys: ApiKeySystemRepository,
  ) {}

  note(tenantId: string, id: string): void {
    if (this.#noted.size < MAX_NOTED) this.#noted.set(id, { tenantId, id, usedAt: new Date() });
  }

  async flush(): Promise<void> {
    if (this.#noted.size === 0) return;
    const uses = [...this.#noted.values()];
    this.#noted = new Map();
    await this.system.once((tx) => this.keys.touch(tx, uses));
  }
}
