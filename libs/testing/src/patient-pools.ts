const PATIENCE_MS = 30_000;

interface Pool {
  readonly connectionTimeoutMillis: number;
}

/**
 * The same settings, but whoever waits for a connection waits for up to 30 s: a test that is not about
 * time-outs must pass on a machine that has no core to spare.
 */
export function patientPools<S extends { readonly app: Pool; readonly system: Pool }>(
  settings: S,
): S {
  const patience = { connectionTimeoutMillis: PATIENCE_MS };
  return {
    ...settings,
    app: { ...settings.app, ...patience },
    system: { ...settings.system, ...patience },
  };
}
