import type { SystemDatabase } from '@penguinmails/database';

const LANES = 32;
const NOTE_EVERY_MS = 1000;

/**
 * The first row of each lane from the lane's floor on, and the oldest transaction that may still
 * write. Without floors each look reads the index entries of all rows that were ever deleted, for as
 * long as one old snapshot keeps VACUUM from removing them.
 */
export const PROBE = `
  SELECT lane.n - 1 AS lane, head.seq, pg_snapshot_xmin(pg_current_snapshot())::text AS xmin
  FROM unnest($1::bigint[]) WITH ORDINALITY AS lane (floor, n) LEFT JOIN LATERAL (
    SELECT seq FROM outbox WHERE outbox.lane = (lane.n - 1)::smallint AND outbox.seq >= lane.floor
    ORDER BY seq LIMIT 1
  ) AS head ON true`;

const LAST_SEQ = `
  SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM outbox_seq_seq`;

interface Head {
  lane: number;
  seq: string | null;
  xmin: string;
}

/** Every row up to `seq` is of a transaction older than `before`. */
interface Note {
  seq: bigint;
  before: bigint;
}

/**
 * From which number on a relay reads each lane.
 *
 * A writer has its transaction id before its rows get their numbers (outbox-rows.ts). So when the
 * last number given out is read first and an own transaction id taken afterwards, every row up to
 * that number belongs to an older transaction. Once all of those have ended (xmin has passed the
 * own id), a row up to the number that is not to be seen never will be: the floor may rise above it.
 */
export class LaneFloors {
  #floors: bigint[] = Array.from({ length: LANES }, () => 0n);
  #note: Note | null = null;
  #last = 0n;
  #notedAt = -Infinity;

  constructor(private readonly system: SystemDatabase) {}

  of(lane: number): string {
    return this.#floors[lane].toString();
  }

  /** All floors, as {@link PROBE} takes them. */
  values(): string[] {
    return this.#floors.map(String);
  }

  /** The lanes that hold rows, in ascending order; raises the floors when that is safe. */
  async nonEmptyLanes(): Promise<number[]> {
    await this.#noteNowAndThen();
    const { rows } = await this.system.once(
      (tx) => tx.query<Head>(PROBE, [this.values()], { name: 'outbox-lanes' }),
      { readOnly: true },
    );
    this.#raise(rows);
    return rows.filter(({ seq }) => seq !== null).map(({ lane }) => Number(lane));
  }

  #raise(heads: readonly Head[]): void {
    const note = this.#note;
    if (!note || BigInt(heads[0].xmin) < note.before) return;
    for (const { lane, seq } of heads) {
      const next = note.seq + 1n;
      const safe = seq !== null && BigInt(seq) < next ? BigInt(seq) : next;
      if (safe > this.#floors[lane]) this.#floors[lane] = safe;
    }
    this.#note = null;
  }

  async #noteNowAndThen(): Promise<void> {
    if (this.#note || Date.now() - this.#notedAt < NOTE_EVERY_MS) return;
    this.#notedAt = Date.now();
    const last = await this.#lastSeq();
    if (last < this.#last) this.#startAgain();
    if (last > this.#last) this.#note = { seq: last, before: await this.#ownId() };
    this.#last = last;
  }

  /** The numbers begin anew after a restore or a TRUNCATE: nothing known counts. */
  #startAgain(): void {
    this.#floors = this.#floors.map(() => 0n);
  }

  async #lastSeq(): Promise<bigint> {
    const { rows } = await this.system.once((tx) => tx.query<{ last: string }>(LAST_SEQ), {
      readOnly: true,
    });
    return BigInt(rows[0].last);
  }

  async #ownId(): Promise<bigint> {
    const { rows } = await this.system.once((tx) =>
      tx.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id'),
    );
    return BigInt(rows[0].id);
  }
}
