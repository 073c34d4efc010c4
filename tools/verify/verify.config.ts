/** A PostgreSQL that runs already, as superuser; without it one is started for the run. */
export const adminUrlOfEnvironment = (): string | undefined =>
  process.env.TEST_POSTGRES_ADMIN_URL || undefined;

/** Tells the testing library where PostgreSQL is. */
export function useAdminUrl(url: string): void {
  process.env.TEST_POSTGRES_ADMIN_URL = url;
}

/** `stack.json` of the stack that the end-to-end stage has started. @throws Error when there is none */
export function stackFileOfEnvironment(): string {
  const file = process.env.STACK_FILE;
  if (file) return file;
  throw new Error('STACK_FILE names no running stack');
}
