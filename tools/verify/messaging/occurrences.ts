/** Versions that were committed, by aggregate: 1 … n. */
export type Ledger = ReadonlyMap<string, number>;

/** What became of the committed versions in the topic. */
export interface TopicVerdict {
  /** Committed and not in the topic. */
  lost: number;
  /** In the topic and never committed. */
  ghosts: number;
  /** First came after a later version of its aggregate. */
  inversions: number;
  /** Came again. */
  duplicates: number;
}

class Versions {
  readonly seen = new Set<number>();
  highest = 0;
}

/** Every version of every aggregate, in the order in which they came. */
export class Occurrences {
  readonly #versions = new Map<string, Versions>();
  #inversions = 0;
  #duplicates = 0;

  note(id: string, version: number): void {
    const versions = this.#versions.get(id) ?? new Versions();
    this.#versions.set(id, versions);
    if (versions.seen.has(version)) this.#duplicates += 1;
    else if (version < versions.highest) this.#inversions += 1;
    versions.seen.add(version);
    versions.highest = Math.max(versions.highest, version);
  }

  judge(ledger: Ledger): TopicVerdict {
    const verdict = {
      lost: 0,
      ghosts: 0,
      inversions: this.#inversions,
      duplicates: this.#duplicates,
    };
    for (const [id, committed] of ledger) {
      const seen = this.#versions.get(id)?.seen ?? new Set<number>();
      const ghosts = [...seen].filter((version) => version > committed).length;
      verdict.ghosts += ghosts;
      verdict.lost += committed - (seen.size - ghosts);
    }
    return verdict;
  }
}
