import { describe, expect, it } from '@jest/globals';
import {
  type EventEnvelope,
  fromHeaders,
  type HeaderValue,
  schemaUrl,
  toHeaders,
  UndecodableEnvelopeError,
} from './envelope.js';
import { newId, PLATFORM_TENANT_ID } from './ids.js';

const PUBLIC_URL = 'https://mail.example.test';

const required: EventEnvelope = {
  id: newId(),
  type: 'penguinmails.email.accepted.v1',
  source: 'oltp',
  subject: newId(),
  time: new Date('2026-11-22T10:15:30.123Z'),
  tenantId: newId(),
  partitionKey: 'any-key',
};

const complete: EventEnvelope = {
  ...required,
  entityVersion: 3,
  correlationId: newId(),
  causationId: newId(),
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'a=1',
};

describe('toHeaders', () => {
  it('writes every attribute of CloudEvents binary mode and our extensions', () => {
    expect(toHeaders(complete, PUBLIC_URL)).toEqual({
      ce_id: complete.id,
      ce_source: '/penguinmails/oltp',
      ce_type: 'penguinmails.email.accepted.v1',
      ce_specversion: '1.0',
      ce_time: '2026-11-22T10:15:30.123Z',
      ce_subject: complete.subject,
      ce_dataschema: `${PUBLIC_URL}/schemas/events/penguinmails.email.accepted.v1.json`,
      ce_partitionkey: 'any-key',
      ce_tenantid: complete.tenantId,
      ce_entityversion: '3',
      ce_correlationid: complete.correlationId,
      ce_causationid: complete.causationId,
      'content-type': 'application/json',
      traceparent: complete.traceparent,
      tracestate: 'a=1',
    });
  });

  it('has no header for what is not set', () => {
    expect(Object.keys(toHeaders(required, PUBLIC_URL))).toEqual([
      'ce_id',
      'ce_source',
      'ce_type',
      'ce_specversion',
      'ce_time',
      'ce_subject',
      'ce_dataschema',
      'ce_partitionkey',
      'ce_tenantid',
      'content-type',
    ]);
  });

  it('joins the public URL with one slash', () => {
    expect(schemaUrl('http://h/base/', 'a.b.v1')).toBe('http://h/base/schemas/events/a.b.v1.json');
  });
});

describe('fromHeaders', () => {
  it.each([required, complete])('reads back what was written', (envelope) => {
    expect(fromHeaders(toHeaders(envelope, PUBLIC_URL))).toEqual(envelope);
  });

  it('reads bytes and lists as Kafka clients hand them over and ignores unknown headers', () => {
    const entries = Object.entries(toHeaders(complete, PUBLIC_URL));
    const bytes = entries.map(([name, value], index): [string, HeaderValue] => [
      name,
      index % 2 ? Buffer.from(value) : [new TextEncoder().encode(value), 'second'],
    ]);
    expect(fromHeaders({ ...Object.fromEntries(bytes), ce_new: 'x', other: undefined })).toEqual(
      complete,
    );
  });

  it('takes the nil tenant of platform events', () => {
    const headers = toHeaders({ ...required, tenantId: PLATFORM_TENANT_ID }, PUBLIC_URL);
    expect(fromHeaders(headers).tenantId).toBe(PLATFORM_TENANT_ID);
  });

  const damaged: [string, string | undefined][] = [
    ['ce_id', undefined],
    ['ce_id', 'not-a-uuid'],
    ['ce_type', undefined],
    ['ce_type', ''],
    ['ce_source', undefined],
    ['ce_source', '/penguinmails/elsewhere'],
    ['ce_source', 'oltp'],
    ['ce_specversion', undefined],
    ['ce_specversion', '0.3'],
    ['ce_time', undefined],
    ['ce_time', 'yesterday'],
    ['ce_subject', undefined],
    ['ce_tenantid', undefined],
    ['ce_tenantid', '1'],
    ['ce_partitionkey', undefined],
    ['ce_entityversion', '-1'],
    ['ce_entityversion', 'secret'],
  ];
  it.each(damaged)('refuses %s = %j, naming the header and never its value', (header, value) => {
    const headers = { ...toHeaders(complete, PUBLIC_URL), [header]: value };
    const read = () => fromHeaders(headers as Record<string, HeaderValue>);
    expect(read).toThrow(new UndecodableEnvelopeError(header));
    expect(read).toThrow(`header ${header} is missing or malformed`);
  });
});
