import { isUuid } from './ids.js';
import { type Tier, tiers } from './tiers.js';

/** What travels beside the data of an event: CloudEvents 1.0 attributes, binary mode. */
export interface EventEnvelope {
  /** UUIDv7; the same on every redelivery, so the inbox can tell a duplicate. */
  readonly id: string;
  readonly type: string;
  /** The tier that wrote it; on the wire `/penguinmails/<tier>`. */
  readonly source: Tier;
  /** Id of the aggregate that the event is about. */
  readonly subject: string;
  /** When it happened, not when it was relayed. */
  readonly time: Date;
  readonly tenantId: string;
  /** Equal to the Kafka record's key; events with the same one keep their order. */
  readonly partitionKey: string;
  /** Rises with each change of the aggregate; lets a reader drop a stale state. */
  readonly entityVersion?: number;
  /** Request or flow that all events of one cause share. */
  readonly correlationId?: string;
  /** Id of the event or job that directly caused this one. */
  readonly causationId?: string;
  /** W3C Trace Context of the writer. */
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** Header values as Kafka clients hand them over. */
export type HeaderValue = string | Uint8Array | readonly (string | Uint8Array)[] | undefined;

/** The record carries no usable envelope. Its message names headers, never their values. */
export class UndecodableEnvelopeError extends Error {
  override readonly name = 'UndecodableEnvelopeError';
  constructor(readonly header: string) {
    super(`header ${header} is missing or malformed`);
  }
}

const SPEC_VERSION = '1.0';
const CONTENT_TYPE = 'application/json';
const SOURCE_PREFIX = '/penguinmails/';

/** Where the gateway serves the schema of a type. `publicUrl` may end with a slash. */
export function schemaUrl(publicUrl: string, type: string): string {
  const base = publicUrl.endsWith('/') ? publicUrl.replace(/\/+$/, '') : publicUrl;
  return `${base}/schemas/events/${type}.json`;
}

/**
 * @param publicUrl PUBLIC_URL of the installation, base of `ce_dataschema`
 * @returns the record headers; attributes that are not set have no header
 */
export function toHeaders(envelope: EventEnvelope, publicUrl: string): Record<string, string> {
  const headers: Record<string, string> = {
    ce_id: envelope.id,
    ce_source: SOURCE_PREFIX + envelope.source,
    ce_type: envelope.type,
    ce_specversion: SPEC_VERSION,
    ce_time: envelope.time.toISOString(),
    ce_subject: envelope.subject,
    ce_dataschema: schemaUrl(publicUrl, envelope.type),
    ce_partitionkey: envelope.partitionKey,
    ce_tenantid: envelope.tenantId,
    'content-type': CONTENT_TYPE,
  };
  const version = envelope.entityVersion;
  if (version !== undefined) headers.ce_entityversion = version.toString();
  for (const [attribute, header] of OPTIONAL_TEXTS) {
    const value = envelope[attribute];
    if (value !== undefined) headers[header] = value;
  }
  return headers;
}

/**
 * Reads an envelope; headers it does not know are ignored.
 * @throws UndecodableEnvelopeError when a required attribute is missing or malformed
 */
export function fromHeaders(headers: Readonly<Record<string, HeaderValue>>): EventEnvelope {
  const text = (name: string) => textOf(headers[name]);
  if (text('ce_specversion') !== SPEC_VERSION) throw new UndecodableEnvelopeError('ce_specversion');
  return {
    id: required('ce_id', text('ce_id'), isUuid),
    type: required('ce_type', text('ce_type'), (value) => value.length > 0),
    source: sourceOf(text('ce_source')),
    subject: required('ce_subject', text('ce_subject'), (value) => value.length > 0),
    time: timeOf(text('ce_time')),
    tenantId: required('ce_tenantid', text('ce_tenantid'), isUuid),
    partitionKey: required('ce_partitionkey', text('ce_partitionkey'), (value) => value.length > 0),
    ...optionalAttributes(text),
  };
}

type OptionalAttribute =
  'entityVersion' | 'correlationId' | 'causationId' | 'traceparent' | 'tracestate';

function optionalAttributes(
  text: (name: string) => string | undefined,
): Pick<EventEnvelope, OptionalAttribute> {
  const present: { -readonly [K in OptionalAttribute]?: EventEnvelope[K] } = {};
  const entityVersion = versionOf(text('ce_entityversion'));
  if (entityVersion !== undefined) present.entityVersion = entityVersion;
  for (const [attribute, header] of OPTIONAL_TEXTS) {
    const value = text(header);
    if (value !== undefined) present[attribute] = value;
  }
  return present;
}

const OPTIONAL_TEXTS = [
  ['correlationId', 'ce_correlationid'],
  ['causationId', 'ce_causationid'],
  ['traceparent', 'traceparent'],
  ['tracestate', 'tracestate'],
] as const;

function required(
  header: string,
  value: string | undefined,
  isValid: (value: string) => boolean,
): string {
  if (value === undefined || !isValid(value)) throw new UndecodableEnvelopeError(header);
  return value;
}

function sourceOf(value: string | undefined): Tier {
  const tier = tiers.find((name) => value === SOURCE_PREFIX + name);
  if (!tier) throw new UndecodableEnvelopeError('ce_source');
  return tier;
}

function timeOf(value: string | undefined): Date {
  const time = new Date(value ?? Number.NaN);
  if (Number.isNaN(time.getTime())) throw new UndecodableEnvelopeError('ce_time');
  return time;
}

function versionOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new UndecodableEnvelopeError('ce_entityversion');
  return Number(value);
}

/** A header sent several times counts with its first value. */
function textOf(value: HeaderValue): string | undefined {
  if (typeof value === 'string') return value;
  const first = value instanceof Uint8Array ? value : value?.[0];
  return first === undefined || typeof first === 'string'
    ? first
    : Buffer.from(first).toString('utf8');
}
