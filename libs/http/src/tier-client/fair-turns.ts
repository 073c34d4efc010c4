/** Work that waits, handed out tenant by tenant in turn, each tenant's in its order. */
export class FairTurns<T> {
  readonly #lanes = new Map<string, Set<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How much of one tenant's waits. */
  of(tenantId: string): number {
    return this.#lanes.get(tenantId)?.size ?? 0;
  }

  add(tenantId: string, work: T): void {
    const lane = this.#lanes.get(tenantId) ?? new Set();
    this.#lanes.set(tenantId, lane.add(work));
    this.#size += 1;
  }

  /** @returns false when it did not wait any more */
  remove(tenantId: string, work: T): boolean {
    const lane = this.#lanes.get(tenantId);
    if (!lane?.delete(work)) return false;
    if (lane.size === 0) this.#lanes.delete(tenantId);
    this.#size -= 1;
    return true;
  }

  /** The next one; its tenant then waits for all others. Undefined when there is none. */
  peek(): T | undefined {
    const [lane] = this.#lanes.values();
    return lane?.values().next().value;
  }

  take(): T | undefined {
    const [turn] = this.#lanes;
    if (!turn) return undefined;
    const [tenantId, lane] = turn;
    const work = lane.values().next().value as T;
    this.remove(tenantId, work);
    if (lane.size > 0) {
      this.#lanes.delete(tenantId);
      this.#lanes.set(tenantId, lane);
    }
    return work;
  }
}
