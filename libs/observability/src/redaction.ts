/**
 * Keys whose values never reach a log, at any depth, compared without case, `_` and `-`. Log ids,
 * codes, counts and times instead.
 */
const SECRET_KEYS = new Set(
  [
    ...['authorization', 'proxyauthorization', 'cookie', 'setcookie', 'password', 'passphrase'],
    ...[
      'secret',
      'token',
      'leasetoken',
      'accesstoken',
      'key',
      'apikey',
      'privatekey',
      'credential',
    ],
    ...['dburl', 'databaseurl', 'connectionstring', 'grant', 'grants'],
    ...['to', 'from', 'cc', 'bcc', 'replyto', 'sender', 'recipient', 'recipients', 'rcptto'],
    ...['mailfrom', 'envelope', 'address', 'email', 'firstname', 'lastname', 'username'],
    ...['subject', 'body', 'text', 'html', 'content', 'attachments', 'filename', 'reply', 'raw'],
    ...['headers', 'payload', 'data', 'values', 'parameters', 'query', 'detail', 'hint'],
    ...['where', 'messagebody', 'storagekey', 'contentstoragekey', 'idempotencykey'],
  ].map(plain),
);
const MASK = '[redacted]';
const MAX_DEPTH = 6;

/** A copy of a log record in which secret keys are masked; depth is cut at 6. */
export function redact(record: Record<string, unknown>): Record<string, unknown> {
  return redactObject(record, 0);
}

function redactObject(record: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(record).map(([key, value]) => [
    key,
    SECRET_KEYS.has(plain(key)) && value !== undefined ? MASK : redactValue(value, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value, depth);
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON();
  return redactObject(value, depth);
}

/**
 * An error as logged: class, code, message, stack, cause. Other properties (a database error's
 * detail, a statement, a request) are left out, since they hold values.
 */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(typeof code === 'string' && { code }),
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined &&
      depth < MAX_DEPTH && { cause: redactValue(error.cause, depth + 1) }),
  };
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[_-]/g, '');
}

// Bounded before the `@`, greedy to the end elsewhere: no line makes the scan quadratic.
const ADDRESS = /[A-Za-z0-9.!#$%&'*+=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}/g;
const API_KEY = /pm_(?:live|test|platform)_[A-Za-z0-9_-]{1,100}/g;
const JWT = /eyJ[A-Za-z0-9_.-]{8,}/g;

/**
 * The last net: masks what looks like an address, an API key or a token anywhere in a finished line,
 * so that a message of a library cannot carry one out.
 */
export function scrubLine(line: string): string {
  let scrubbed = line;
  if (scrubbed.includes('@')) scrubbed = scrubbed.replace(ADDRESS, '[address]');
  if (scrubbed.includes('pm_')) scrubbed = scrubbed.replace(API_KEY, '[api key]');
  if (scrubbed.includes('eyJ')) scrubbed = scrubbed.replace(JWT, '[token]');
  return scrubbed;
}
