import { Injectable } from '@nestjs/common';
import { type GatheredCalls, RequestBudget, type TierClient } from '@penguinmails/http/tier-client';
import type { Call } from '../access/current-call.js';
import { TierClients } from './tier-clients.js';

/** A message as content stores it. */
export interface NewContent {
  readonly text: string | null;
  readonly html: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly {
    readonly filename: string;
    readonly content_type: string;
    /** base64 */
    readonly content: string;
    readonly disposition: 'attachment' | 'inline';
    readonly content_id: string | null;
  }[];
}

export interface StoredAttachment {
  readonly id: string;
  readonly filename: string;
  readonly content_type: string;
  readonly size_bytes: number;
  readonly disposition: 'attachment' | 'inline';
  readonly content_id: string | null;
}

export interface StoredContent {
  readonly text: string | null;
  readonly html: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly total_size_bytes: number;
  readonly attachments: readonly StoredAttachment[];
}

/** A file of a message; `bytes` null when the reader's copy is still the right one (304). */
export interface AttachmentBytes {
  readonly bytes: Buffer | null;
  readonly contentType: string;
  readonly disposition: string;
  readonly etag: string;
}

/** From here on tier-client gives a body an upload's time, outside the request's budget. */
const UPLOAD_BYTES = 1024 * 1024;
/** Content reads and unpacks the whole file, 25 MiB at most, before its first byte is out. */
const DOWNLOAD_MS = 2500;

/** The content tier as the gateway uses it. */
@Injectable()
export class ContentClient {
  readonly #tier: TierClient;

  readonly #puts: GatheredCalls;

  constructor(tiers: TierClients) {
    this.#tier = tiers.of('content');
    const path = '/internal/contents:put_together';
    this.#puts = tiers.gathered('content', { path, idempotent: true });
  }

  /**
   * Stores a message under a key of ours; putting the same again changes nothing.
   * @returns its size, decoded, and the budget for what follows: an upload does not use it up
   */
  async put(
    call: Call,
    key: string,
    content: NewContent,
  ): Promise<{ sizeBytes: number; budget: RequestBudget }> {
    const json = JSON.stringify(content);
    const left = call.budget.remaining();
    const path = `/internal/contents/${key}`;
    const request = { ...call, method: 'PUT', path, json, subject: key, idempotent: true } as const;
    const answer = await this.#puts.request<StoredContent>(request);
    const isUpload = Buffer.byteLength(json) > UPLOAD_BYTES;
    const budget = isUpload ? new RequestBudget(left) : call.budget;
    return { sizeBytes: answer.body.total_size_bytes, budget };
  }

  async get(call: Call, key: string): Promise<StoredContent> {
    const request = { ...call, method: 'GET', path: `/internal/contents/${key}` } as const;
    return (await this.#tier.request<StoredContent>(request)).body;
  }

  /** Takes back a message that nothing refers to. */
  async delete(call: Call, key: string): Promise<void> {
    const path = `/internal/contents/${key}`;
    await this.#tier.request({ ...call, method: 'DELETE', path, idempotent: true });
  }

  /**
   * Whole before it goes on: a client must not take half a file for a whole one.
   * @param ifNoneMatch the entity tag the reader has
   */
  async getAttachment(
    call: Call,
    key: string,
    id: string,
    ifNoneMatch: string | undefined,
  ): Promise<AttachmentBytes> {
    const { status, headers, body } = await this.#tier.requestFile({
      ...call,
      method: 'GET',
      path: `/internal/contents/${key}/attachments/${id}`,
      headers: ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch },
      deadlineMs: DOWNLOAD_MS,
    });
    return {
      bytes: status === 304 ? null : body,
      contentType: String(headers['content-type'] ?? 'application/octet-stream'),
      disposition: String(headers['content-disposition'] ?? 'attachment'),
      etag: String(headers.etag ?? ''),
    };
  }
}
