const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

// node-postgres gives these no code.
const CONNECTION_MESSAGES =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated|Client has encountered a connection error|Client was closed|Cannot use a pool after)/;

interface ErrorFields {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly driverError?: unknown;
}

/** The error and what it wraps: TypeORM keeps the driver's error, others a cause. */
function* chain(error: unknown): Generator<ErrorFields> {
  const seen = new Set<unknown>();
  let current = error;
  while (typeof current === 'object' && current !== null && !seen.has(current)) {
    seen.add(current);
    const fields: ErrorFields = current;
    yield fields;
    current = fields.driverError ?? fields.cause;
  }
}

/** SQLSTATE of the error or of the driver error inside it; undefined when it has none. */
export function sqlState(error: unknown): string | undefined {
  for (const { code } of chain(error)) {
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}

/** Name of the violated constraint, when the server said one. */
export function violatedConstraint(error: unknown): string | undefined {
  for (const { constraint } of chain(error)) {
    if (typeof constraint === 'string') return constraint;
  }
  return undefined;
}

function violates(error: unknown, state: string, constraint?: string): boolean {
  if (sqlState(error) !== state) return false;
  return constraint === undefined || violatedConstraint(error) === constraint;
}

/** 23505, of the named constraint or index when one is given. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return violates(error, '23505', constraint);
}

/** 23503, of the named constraint when one is given. */
export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  return violates(error, '23503', constraint);
}

/** 23514, of the named constraint when one is given. */
export function isCheckViolation(error: unknown, constraint?: string): boolean {
  return violates(error, '23514', constraint);
}

/** SQLSTATE classes 22 and 23: some value is refused; the statement may succeed without its row. */
export function isRefusedValue(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error) ?? '');
}

/** 40001 or 40P01: the whole transaction may be run again. */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

function isConnectionFailure({ code, message }: ErrorFields): boolean {
  if (typeof code === 'string' && CONNECTION_CODES.has(code)) return true;
  return typeof message === 'string' && CONNECTION_MESSAGES.test(message);
}

/**
 * The database is away, not the statement wrong: SQLSTATE classes 08, 53 and 57P, a broken or
 * refused connection, no free connection in the pool in time.
 */
export function isInfrastructure(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return /^(08|53|57P)/.test(state);
  for (const fields of chain(error)) {
    if (isConnectionFailure(fields)) return true;
  }
  return false;
}
