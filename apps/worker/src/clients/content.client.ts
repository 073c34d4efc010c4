import type { TierClient } from '@penguinmails/http/tier-client';

/** A stored message: bodies, extra headers, files as base64. */
export interface MessageContent {
  readonly tenant_id: string;
  readonly storage_key: string;
  readonly text: string | null;
  readonly html: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly {
    readonly id: string;
    readonly filename: string;
    readonly content_type: string;
    readonly disposition: 'attachment' | 'inline';
    readonly content_id: string | null;
    readonly content: string;
  }[];
}

export interface ContentRef {
  readonly tenant_id: string;
  readonly storage_key: string;
}

interface FetchAnswer {
  readonly contents: readonly MessageContent[];
  readonly missing: readonly ContentRef[];
  readonly deferred: readonly ContentRef[];
}

/** An answer of 32 MiB takes longer than other reads; half of it is left when SIGTERM comes. */
const FETCH_DEADLINE_MS = 10_000;

/** What one answer of the content tier held. A key in neither part is one that content lacks. */
export interface FetchedContents {
  /** By storage key. */
  readonly found: ReadonlyMap<string, MessageContent>;
  /** Keys that did not fit into the answer: to be asked for again. */
  readonly deferred: ReadonlySet<string>;
}

/** The content tier as the worker uses it: bodies by grant. */
export class ContentClient {
  constructor(private readonly tier: TierClient) {}

  /**
   * Fetches contents by key, about 32 MiB of them: a lease full of large messages would not fit into
   * memory at once.
   */
  async fetch(grants: readonly string[], wanted: readonly ContentRef[]): Promise<FetchedContents> {
    const { contents, missing, deferred } = await this.ask(grants, wanted.map(refOf));
    if (contents.length + missing.length === 0) throw new Error('content made no progress');
    return {
      found: new Map(contents.map((content) => [content.storage_key, content])),
      deferred: new Set(deferred.map(({ storage_key }) => storage_key)),
    };
  }

  private async ask(grants: readonly string[], items: readonly ContentRef[]): Promise<FetchAnswer> {
    const { body } = await this.tier.request<FetchAnswer>({
      method: 'POST',
      path: '/internal/contents:fetch',
      body: { grants, items },
      deadlineMs: FETCH_DEADLINE_MS,
      idempotent: true,
    });
    return body;
  }
}

function refOf({ tenant_id, storage_key }: ContentRef): ContentRef {
  return { tenant_id, storage_key };
}
