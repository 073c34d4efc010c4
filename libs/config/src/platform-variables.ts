import { base64, bool, json, list, port, text, url } from './builders.js';
import { BadValue } from './variable.js';

/** The five tier services in the seed's order, queue last but one as in the error documents. */
export const tiers = ['oltp', 'content', 'olap', 'queue', 'notifications'] as const;
export type Tier = (typeof tiers)[number];

/** The processes that hold a signing key: gateway (callers), worker (itself), queue (grants). */
export const tokenIssuers = ['gateway', 'worker', 'queue'] as const;
export type TokenIssuer = (typeof tokenIssuers)[number];

/** Base64 SPKI DER ed25519 keys by issuer. */
export type PublicKeys = Readonly<Partial<Record<TokenIssuer, string>>>;

const HTTP = ['http:', 'https:'];

/** `{host, port}` from `<APP>_HOST` (default 127.0.0.1) and `<APP>_PORT`. */
export function listenVariables(app: string) {
  return { host: text(`${app}_HOST`).default('127.0.0.1'), port: port(`${app}_PORT`) };
}

/** `{host, port}` of /metrics, /livez, /readyz: `<APP>_METRICS_HOST` (127.0.0.1), `<APP>_METRICS_PORT`. */
export function metricsVariables(app: string) {
  return {
    host: text(`${app}_METRICS_HOST`).default('127.0.0.1'),
    port: port(`${app}_METRICS_PORT`),
  };
}

/** Connection strings of a tier: the app login, the system login, and whether a pooler is between. */
export function databaseVariables(tier: string) {
  return {
    url: text(`${tier}_DB_URL`).secret(),
    systemUrl: text(`${tier}_DB_SYSTEM_URL`).secret(),
    pooled: bool(`${tier}_DB_POOLED`).default(false),
  };
}

/** `KAFKA_BROKERS`: comma-separated host:port. */
export function kafkaVariables() {
  return { brokers: list('KAFKA_BROKERS') };
}

/** `SERVICE_TOKEN_PUBLIC_KEYS`: JSON object issuer → base64 SPKI DER ed25519. */
export function tokenVariables() {
  return { publicKeys: json('SERVICE_TOKEN_PUBLIC_KEYS', parsePublicKeys) };
}

function parsePublicKeys(value: unknown): PublicKeys {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadValue('is not an object of issuer → key');
  const known: readonly string[] = tokenIssuers;
  for (const [issuer, key] of Object.entries(value)) {
    if (!known.includes(issuer)) throw new BadValue('names an unknown issuer');
    if (typeof key !== 'string' || key === '') throw new BadValue('holds a key that is not text');
  }
  return value as PublicKeys;
}

/** `SERVICE_TOKEN_PRIVATE_KEY_SECRET`: base64 PKCS8 DER ed25519 (gateway, worker, queue only). */
export function privateKeyVariable() {
  return base64('SERVICE_TOKEN_PRIVATE_KEY_SECRET').secret();
}

/** `PUBLIC_URL`: where the gateway is reached from outside, without a trailing slash. */
export function publicUrlVariable() {
  return url('PUBLIC_URL', HTTP);
}

/** `<TIER>_URL` of the five tiers, as the edges need them: `{oltp, content, olap, queue, notifications}`. */
export function tierUrlVariables() {
  return {
    oltp: url('OLTP_URL', HTTP),
    content: url('CONTENT_URL', HTTP),
    olap: url('OLAP_URL', HTTP),
    queue: url('QUEUE_URL', HTTP),
    notifications: url('NOTIFICATIONS_URL', HTTP),
  };
}

/** All variables every tier service has; `tier` in capitals, such as `OLTP`. */
export function tierVariables(tier: Uppercase<Tier>) {
  return {
    db: databaseVariables(tier),
    http: listenVariables(tier),
    metrics: metricsVariables(tier),
    kafka: kafkaVariables(),
    tokens: tokenVariables(),
    publicUrl: publicUrlVariable(),
  };
}
