import { systemEventFingerprint, type Tier } from '@penguinmails/contracts';
import type { Database, SystemSlice } from '@penguinmails/database';
import type { Logger } from '@penguinmails/observability';
import { countParked, lockPosition } from './consumer-position.js';
import { removeDead, reviveDead } from './dead-events.js';
import type { EventWriter } from './event-writer.js';
import type { AnyNewEvent } from './events.js';
import { isLockTimeout } from './handle-events.js';
import { headDueNow, removeParked } from './parked-events.js';
import { findParked, listParked, type ParkedFilter, type ParkedReport } from './parked-report.js';

export interface ParkedDeskSettings {
  tier: Tier;
  group: string;
  database: Database;
  writer: EventWriter;
  logger: Logger;
}

/** Who asked for it, for the audit: ids only. */
export interface ParkedAudit {
  readonly actorId: string;
  readonly requestId: string;
}

/**
 * What became of a wish: the event, nothing of that id, an event whose state does not allow it, or a
 * slice or retry that holds the partition for too long; then nothing was changed.
 */
export type ParkedAnswer =
  | { readonly kind: 'done'; readonly event: ParkedReport }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'wrong_state' }
  | { readonly kind: 'busy' };

const UNKNOWN: ParkedAnswer = { kind: 'unknown' };
const WRONG_STATE: ParkedAnswer = { kind: 'wrong_state' };
const BUSY: ParkedAnswer = { kind: 'busy' };

/** Below the deadline of a caller, which is 2.5 s for a write. */
const WAIT_FOR_PARTITION_MS = 1000;

/** What operators do with the parked and dead events of this service, of all tenants. */
export class ParkedDesk {
  constructor(private readonly settings: ParkedDeskSettings) {}

  /** Newest first. */
  async list(filter: ParkedFilter): Promise<{ data: ParkedReport[]; has_more: boolean }> {
    const { database, group } = this.settings;
    const rows = await database.system.once((tx) => listParked(tx, group, filter), {
      readOnly: true,
    });
    return { data: rows.slice(0, filter.limit), has_more: rows.length > filter.limit };
  }

  /** Undefined when this service has no such event. */
  async find(id: string): Promise<ParkedReport | undefined> {
    const { database, group } = this.settings;
    return database.system.once((tx) => findParked(tx, group, id), { readOnly: true });
  }

  /**
   * Makes the key of the event due: within about a second its first event is tried, and the ones
   * behind it follow when that succeeds. `wrong_state` for a dead event.
   */
  retry(id: string, audit: ParkedAudit): Promise<ParkedAnswer> {
    return this.#change(id, audit, 'retried', async (event, tx) => {
      if (event.state === 'dead') return false;
      await headDueNow(tx, this.settings.group, event);
      return true;
    });
  }

  /**
   * Removes the event for good: it will have no effect in this service. The next event of its key is
   * due at once. Tells the operators by a system event.
   */
  discard(id: string, audit: ParkedAudit): Promise<ParkedAnswer> {
    return this.#change(id, audit, 'discarded', async (event, tx) => {
      await this.#remove(event, tx);
      await this.settings.writer.write(tx, [discardedEvent(event)]);
      return true;
    });
  }

  /**
   * Parks a dead event again, with all its tries, due at once: before what is parked of its key now,
   * after what took effect meanwhile. Takes effect once however often it is asked for, because the
   * row it is handled from goes in the same transaction. `wrong_state` unless the event is dead.
   */
  replay(id: string, audit: ParkedAudit): Promise<ParkedAnswer> {
    return this.#change(id, audit, 'replayed', async (event, tx) => {
      if (event.state !== 'dead') return false;
      await reviveDead(tx, event.tenant_id, event.id);
      await countParked({ platform: tx }, this.#partition(event), 1);
      return true;
    });
  }

  async #remove(event: ParkedReport, tx: SystemSlice): Promise<void> {
    if (event.state === 'dead') return removeDead(tx, event.tenant_id, event.id);
    await removeParked(tx, event.tenant_id, event.id);
    await countParked({ platform: tx }, this.#partition(event), -1);
    await headDueNow(tx, this.settings.group, event);
  }

  /** Works under the lock of the partition, so that neither a slice nor a retry is at it. */
  async #change(
    id: string,
    audit: ParkedAudit,
    what: string,
    work: (event: ParkedReport, tx: SystemSlice) => Promise<boolean>,
  ): Promise<ParkedAnswer> {
    const known = await this.find(id);
    if (!known) return UNKNOWN;
    const changing = this.settings.database.system.slice<ParkedAnswer>(async (tx) => {
      await this.#lock(tx, known);
      const event = await findParked(tx, this.settings.group, id);
      if (!event) return UNKNOWN;
      if (!(await work(event, tx))) return WRONG_STATE;
      tx.onCommit(() => this.#audit(event, audit, what));
      return { kind: 'done', event: (await findParked(tx, this.settings.group, id)) ?? event };
    });
    return changing.catch((error: unknown) => {
      if (isLockTimeout(error)) return BUSY;
      throw error;
    });
  }

  async #lock(tx: SystemSlice, event: ParkedReport): Promise<void> {
    await tx.query("SELECT set_config('lock_timeout', $1, true)", [`${WAIT_FOR_PARTITION_MS}ms`]);
    await lockPosition({ platform: tx }, this.#partition(event));
  }

  #audit(event: ParkedReport, { actorId, requestId }: ParkedAudit, what: string): void {
    const { id, tenant_id, event_id, type, topic, partition, offset, state, last_error } = event;
    const where = { id, tenant_id, event_id, type, topic, partition, offset, state, last_error };
    this.settings.logger.warn({ audit: true, actorId, requestId, ...where }, `event ${what}`);
  }

  #partition({ topic, partition }: ParkedReport) {
    return { group: this.settings.group, topic, partition };
  }
}

function discardedEvent({ tenant_id, event_id }: ParkedReport): AnyNewEvent {
  const about = {
    eventType: 'parked_event_discarded',
    subjectKind: 'event',
    subjectId: event_id,
    tenantId: tenant_id,
  };
  const fingerprint = systemEventFingerprint(about);
  return {
    type: 'penguinmails.system.event_raised.v1',
    tenantId: tenant_id,
    subject: fingerprint,
    data: {
      event_type: about.eventType,
      severity: 'warning',
      fingerprint,
      subject_kind: about.subjectKind,
      subject_id: event_id,
      tenant_id,
      code: null,
      count: 1,
    },
  };
}
