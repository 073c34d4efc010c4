/** A check of this process's own parts; it rejects when the part cannot be used. */
export type ReadinessCheck = () => Promise<void>;
/** Something worth showing beside readiness; it never changes the answer. */
export type Detail = () => unknown;

export type Lifecycle = 'starting' | 'ready' | 'stopping';

const CHECK_TIMEOUT_MS = 2000;

const checks = new Map<string, ReadinessCheck>();
const details = new Map<string, Detail>();
let state: Lifecycle = 'starting';

/**
 * Adds a check to /readyz. Only the process's own database belongs here: a neighbour's death must not
 * make this process unready.
 * @returns removes the check
 */
export function registerReadiness(name: string, check: ReadinessCheck): () => void {
  checks.set(name, check);
  return () => void checks.delete(name);
}

/**
 * Shows the result of `detail` under `details.<name>` of /readyz.
 * @returns removes it
 */
export function registerDetail(name: string, detail: Detail): () => void {
  details.set(name, detail);
  return () => void details.delete(name);
}

/** Says where the process stands: /readyz answers 503 unless it is `ready`. */
export function setLifecycle(next: Lifecycle): void {
  state = next;
}

export interface ReadinessReport {
  readonly ready: boolean;
  readonly lifecycle: Lifecycle;
  readonly checks: Readonly<Record<string, 'ok' | 'failed'>>;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Runs all checks and details at once, each for 2 s at most. */
export async function reportReadiness(): Promise<ReadinessReport> {
  const [checked, shown] = await Promise.all([
    settle(checks, () => 'ok' as const, 'failed' as const),
    settle(details, (value) => value, 'unavailable'),
  ]);
  const ready = state === 'ready' && Object.values(checked).every((result) => result === 'ok');
  return { ready, lifecycle: state, checks: checked, details: shown };
}

async function settle<T, R, F>(
  parts: ReadonlyMap<string, () => T | Promise<T>>,
  onValue: (value: T) => R,
  onFailure: F,
): Promise<Record<string, R | F>> {
  const run = async ([name, part]: [string, () => T | Promise<T>]) =>
    [name, await attempt(part).then(onValue, () => onFailure)] as const;
  return Object.fromEntries(await Promise.all([...parts].map(run)));
}

async function attempt<T>(part: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('check timed out')), CHECK_TIMEOUT_MS);
  });
  return await Promise.race([Promise.resolve().then(part), late]).finally(() =>
    clearTimeout(timer),
  );
}
