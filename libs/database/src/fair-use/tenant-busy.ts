/**
 * The tenant has as much work running or waiting as it may have (architecture.md section 6), or its
 * own work kept it waiting for the whole time-out. Says nothing about the database: others go on.
 */
export class TenantBusy extends Error {
  override readonly name = 'TenantBusy';
  /** Seconds after which another try makes sense. */
  readonly retryAfterSeconds = 1;

  constructor(readonly reason: 'limit' | 'timeout') {
    super('the tenant has too much work running or waiting');
  }
}

/** Whether the work was refused because its tenant is busy, and the database is not to blame. */
export function isTenantBusy(error: unknown): error is TenantBusy {
  return error instanceof TenantBusy;
}
