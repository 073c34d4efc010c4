const PATIENCE_MS = 30_000;
/** Of the server; the roles of a tier give up after 5 s, and after 15 s within a transaction. */
const PATIENT_SESSION = `-c lock_timeout=${PATIENCE_MS} -c idle_in_transaction_session_timeout=60000`;

interface Pool {
  readonly url: string;
  readonly connectionTimeoutMillis: number;
}

/**
 * The same settings, but whoever waits for a connection or a lock waits for up to 30 s: a test that is
 * not about time-outs must pass on a machine that has no core to spare, or stands still for a while.
 */
export function patientPools<S extends { readonly app: Pool; readonly system: Pool }>(
  settings: S,
): S {
  return { ...settings, app: patient(settings.app), system: patient(settings.system) };
}

function patient<P extends Pool>(pool: P): P {
  const url = new URL(pool.url);
  const given = url.searchParams.get('options') ?? '';
  url.searchParams.set('options', `${given} ${PATIENT_SESSION}`.trim());
  return { ...pool, url: url.href, connectionTimeoutMillis: PATIENCE_MS };
}
