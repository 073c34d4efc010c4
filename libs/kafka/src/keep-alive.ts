/**
 * Sends heartbeats while a slice is being handled; without them a slice longer than the session
 * time-out costs the membership. A refused heartbeat (the group is rebalancing) must not interrupt
 * the slice: it is kept, and reported when the slice is over.
 */
export class KeepAlive {
  readonly #timer: NodeJS.Timeout;
  #refusal: { error: unknown } | undefined;

  constructor(heartbeat: () => Promise<void>, intervalMs: number) {
    this.#timer = setInterval(() => {
      heartbeat().catch((error: unknown) => (this.#refusal ??= { error }));
    }, intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** False once the broker refused a heartbeat. */
  get isMember(): boolean {
    return this.#refusal === undefined;
  }

  /** Throws what the broker answered to a heartbeat, if it refused one. */
  assertMember(): void {
    if (this.#refusal) throw this.#refusal.error;
  }
}
