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

/** The content tier as the worker uses it: bodies by grant. */
export class ContentClient {
  constructor(private readonly tier: TierClient) {}

  /**
   * Fetches contents by key. An answer holds about 32 MiB; what did not fit is asked for again, so
   * the result is complete but for keys that content does not have.
   */
  async fetch(
    grants: readonly string[],
    wanted: readonly ContentRef[],
  ): Promise<Map<string, MessageContent>> {
    const found = new Map<string, MessageContent>();
    let items: readonly ContentRef[] = wanted.map(refOf);
    while (items.length > 0) {
      const { contents, missing, deferred } = await this.ask(grants, items);
      if (contents.length + missing.length === 0) throw new Error('content made no progress');
      for (const content of contents) found.set(content.storage_key, content);
      items = deferred;
    }
    return found;
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
