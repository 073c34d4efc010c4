/** A PostgreSQL that runs already, as superuser; without it one is started for the run. */
export const adminUrlOfEnvironment = (): string | undefined =>
  process.env.TEST_POSTGRES_ADMIN_URL || undefined;

/** Tells the testing library where PostgreSQL is. */
export function useAdminUrl(url: string): void {
  process.env.TEST_POSTGRES_ADMIN_URL = url;
}
