import { createRequire } from 'node:module';

const CHECK_INTERVAL_MS = 10;

/** The fields of kafkajs' RequestQueue (network/requestQueue/index.js, 2.2.4) that we touch. */
export interface Queue {
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  pending: unknown[];
  checkPendingRequests(): void;
}

// An internal file of kafkajs, without types.
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
  prototype: { scheduleCheckPendingRequests(this: Queue): void };
};

/**
 * kafkajs 2.2.4 schedules the check for pending requests again and again even when nothing is
 * pending, with a negative delay that Node turns into 1 ms: an idle connection burns 3 % of a core
 * (tulios/kafkajs#1751). Here a timer exists only while something is pending.
 * Calling it again changes nothing.
 */
export function installRequestQueueShim(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests;
}

function scheduleCheckPendingRequests(this: Queue): void {
  if (this.throttleCheckTimeoutId || this.pending.length === 0) return;
  const throttledMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledMs > 0 ? throttledMs : CHECK_INTERVAL_MS,
  );
}
