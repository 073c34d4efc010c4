import type { ContentRef, MessageContent } from '../../src/clients/content.client.js';
import { namedBy } from './scripted-oltp.js';
import { TierServer } from './tier-server.js';

interface FetchBody {
  readonly grants: readonly string[];
  readonly items: readonly ContentRef[];
}

/** The content tier as the worker sees it. */
export class ScriptedContent {
  readonly contents = new Map<string, MessageContent>();
  /** How many contents fit into one answer. */
  perAnswer = 500;
  readonly server = new TierServer('content', {
    '/internal/contents:fetch': (body) => this.fetch(body),
  });

  private async fetch({ grants, items }: FetchBody) {
    const granted = await namedBy(grants, ({ contentKeys }) => contentKeys, 'content');
    const isThere = ({ tenant_id, storage_key }: ContentRef) =>
      granted.has(`${tenant_id}/${storage_key}`) && this.contents.has(storage_key);
    const there = items.filter(isThere);
    return {
      contents: there
        .slice(0, this.perAnswer)
        .map(({ storage_key }) => this.contents.get(storage_key)),
      missing: items.filter((item) => !isThere(item)),
      deferred: there.slice(this.perAnswer),
    };
  }
}
