import { randomUUID } from 'node:crypto';
import { newEmailId, newStorageKey } from '@penguinmails/contracts';
import type { Tenant } from './world.ts';

/** What two tenants name alike in one batch: each must have its own behind it. */
export interface Names {
  readonly storageKey: string;
  readonly emailId: string;
  readonly idempotencyKey: string;
}

export interface Item {
  readonly subject?: string;
  readonly body: object;
}

/** How a route's items are made, and where what they made is found. */
export interface Recipe {
  readonly item: (owner: Tenant, names: Names) => Item;
  readonly name: (names: Names) => string;
  /** Rows by name: who has them and the text of their maker. */
  readonly rows: string;
}

/** Late, so that nothing is sent while others look at the same tenants. */
const AN_HOUR_MS = 3_600_000;
export const inAnHour = (): string => new Date(Date.now() + AN_HOUR_MS).toISOString();

/** By route. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  '/internal/contents:put_together': {
    item: ({ mark }, { storageKey }) => ({
      subject: storageKey,
      body: { text: mark, html: null, headers: {}, attachments: [] },
    }),
    name: ({ storageKey }) => storageKey,
    rows: `SELECT tenant_id, content_text AS mark FROM content_objects
      WHERE storage_key = ANY ($1)`,
  },
  '/internal/emails:accept_together': {
    item: ({ mark, from }, { storageKey, emailId }) => ({
      body: {
        id: emailId,
        storage_key: storageKey,
        from,
        to: `to+${randomUUID()}@receiver.test`,
        subject: mark,
        reply_to: null,
        tags: [],
        scheduled_at: inAnHour(),
        size_bytes: mark.length,
      },
    }),
    name: ({ emailId }) => emailId,
    rows: 'SELECT tenant_id, subject AS mark FROM emails WHERE id = ANY ($1::uuid[])',
  },
  '/internal/idempotency:reserve_together': {
    item: ({ mark }, { idempotencyKey }) => ({
      body: {
        key: idempotencyKey,
        method: 'POST',
        route: '/v1/emails',
        holder: randomUUID(),
        fingerprint: mark,
      },
    }),
    name: ({ idempotencyKey }) => idempotencyKey,
    rows: `SELECT tenant_id, fingerprint AS mark FROM idempotency_keys WHERE key = ANY ($1)`,
  },
};

export const newNames = (): Names => ({
  storageKey: newStorageKey(),
  emailId: newEmailId(),
  idempotencyKey: randomUUID(),
});
