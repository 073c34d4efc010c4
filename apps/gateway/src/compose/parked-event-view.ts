import { Injectable } from '@nestjs/common';
import { type Tier, tiers } from '@penguinmails/contracts';
import { pageSize } from '@penguinmails/http';
import type { Call } from '../access/current-call.js';
import type { ListParkedEventsQuery } from '../admin/parked-event.query.js';
import {
  PARKED_EVENT_FIELDS,
  type ParkedEvent,
  type ParkedEventList,
  type ParkedEventSource,
} from '../admin/parked-event.schema.js';
import type { Page } from '../clients/page.js';
import { type ParkedEventAction, ParkedEventClient } from '../clients/parked-event.client.js';
import { Cursors } from '../page/cursors.js';
import { pick } from './pick.js';
import { readSection, type Section } from './section.js';

const URL = '/v1/admin/parked-events';

interface Source {
  readonly tier: Tier;
  readonly section: Section<Page<ParkedEvent>>;
}

/** The parked and dead events of all tiers as one list, newest first. */
@Injectable()
export class ParkedEventView {
  constructor(
    private readonly parked: ParkedEventClient,
    private readonly cursors: Cursors,
  ) {}

  /**
   * One keyset counts in every tier, so a page is the newest rows of all their pages. Of a tier that
   * does not answer the rows are missing and never come on later pages.
   *
   * @throws Problem 400 `invalid_cursor`
   */
  async list(call: Call, query: ListParkedEventsQuery): Promise<ParkedEventList> {
    const scope = { tenantId: call.caller.tenantId, resource: 'parked_events' };
    const { tier, topic, event_key: key, state } = query;
    const limit = pageSize(query.limit);
    const filter = { limit, topic, key, state, ...this.cursors.keyset(scope, query) };
    const asked = tier ? [tier] : tiers;
    const sources = await Promise.all(asked.map((one) => this.#source(call, one, filter)));
    const page = merged(sources, limit);
    const envelope = this.cursors.envelope(URL, scope, page);
    const states = sources.map(sourceOf);
    const degraded = states.some(({ status }) => status === 'degraded');
    return { ...envelope, degraded, tiers: states };
  }

  /** @throws Problem 404, 503 */
  async find(call: Call, tier: Tier, id: string): Promise<ParkedEvent> {
    return withTier(tier, await this.parked.find(call, tier, id));
  }

  /** @throws Problem 404, 409 `wrong_parked_state`, 503 */
  async act(call: Call, tier: Tier, id: string, action: ParkedEventAction): Promise<ParkedEvent> {
    return withTier(tier, await this.parked.act(call, tier, id, action));
  }

  async #source(
    call: Call,
    tier: Tier,
    filter: Parameters<ParkedEventClient['list']>[2],
  ): Promise<Source> {
    const section = await readSection(async () => {
      const { data, has_more } = await this.parked.list(call, tier, filter);
      return { data: data.map((event) => withTier(tier, event)), has_more };
    });
    return { tier, section };
  }
}

function withTier(tier: Tier, event: Omit<ParkedEvent, 'tier'>): ParkedEvent {
  return { ...pick(event, PARKED_EVENT_FIELDS), tier };
}

function sourceOf({ tier, section }: Source): ParkedEventSource {
  return { tier, status: section.status === 'ok' ? 'ok' : 'degraded', error: section.error };
}

function merged(sources: readonly Source[], limit: number): Page<ParkedEvent> {
  const pages = sources.flatMap(({ section }) => section.data ?? []);
  const rows = pages.flatMap(({ data }) => data).sort(newestFirst);
  const has_more = rows.length > limit || pages.some((page) => page.has_more);
  return { data: rows.slice(0, limit), has_more };
}

/** Both are text of fixed length in the order of what they stand for. */
function newestFirst(a: ParkedEvent, b: ParkedEvent): number {
  const [left, right] = [a, b].map(({ created_at, id }) => `${created_at} ${id}`);
  return left < right ? 1 : -1;
}
