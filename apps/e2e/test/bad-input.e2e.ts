import { describe, expect, it } from '@jest/globals';
import {
  badAddresses,
  badAttachments,
  type BadField,
  badHeaders,
  badTags,
  badTexts,
  foreignFields,
} from './support/bad-messages.js';
import { expectPointer, expectProblem } from './support/expect-problem.js';
import { Tenant } from './support/tenant.js';
import { untouchedTenant } from './support/untouched-tenant.js';

const MIB = 1024 * 1024;
const UNKNOWN = '01990000-0000-7000-8000-0000000000ff';

const tenant = untouchedTenant();

const post = (body: unknown, headers?: Record<string, string>) =>
  tenant().live.post('/v1/emails', body, headers);
const send = (fields: object) => post(tenant().message({ ...fields }));
const fileOf = (mebibytes: number) => ({
  filename: 'a.bin',
  content: Buffer.alloc(mebibytes * MIB).toString('base64'),
});

describe('fields of a message', () => {
  it.each(badAddresses)('no recipient: %j', async (to) => {
    expectPointer(await send({ to }), '/to', 'invalid_address');
  });

  it.each(['from', 'reply_to'])('%s is one address as well', async (field) => {
    for (const address of badAddresses)
      expectPointer(await send({ [field]: address }), `/${field}`, 'invalid_address');
  });

  it.each(['from', 'to', 'subject'])('%s is needed', async (field) => {
    const answer = await send({ [field]: undefined });
    expectProblem(answer, 422, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer: `/${field}` }]);
  });

  const parts: [string, readonly BadField[]][] = [
    ['header', badHeaders],
    ['text', badTexts],
    ['tag', badTags],
    ['attachment', badAttachments],
  ];
  describe.each(parts)('bad %s', (_part, list) => {
    it.each(list)('%s', async (_name, fields, pointer, code) => {
      expectPointer(await send({ ...fields }), pointer, code);
    });
  });

  it.each(foreignFields)('unknown field %s', async (field) => {
    expectPointer(await send({ [field]: UNKNOWN }), `/${field}`, 'unknown_field');
  });

  it('every fault is pointed at, in one answer', async () => {
    const answer = await send({ to: 'a', subject: '', tenant_id: UNKNOWN, tags: [{ name: '' }] });
    expectProblem(answer, 422, 'validation_failed');
    const pointers = (answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer);
    const all = ['/to', '/subject', '/tenant_id', '/tags/0/name', '/tags/0/value'];
    expect(pointers).toEqual(expect.arrayContaining(all));
  });

  it.each(['nobody@elsewhere.test', 'x'])('a sender that is not the tenant’s: %s', async (name) => {
    const from = name.includes('@') ? name : `${name}@${tenant().from.split('@')[1]}`;
    expectProblem(await send({ from }), 422, 'sender_not_allowed');
  });

  it('a sender of another tenant', async () => {
    const { from } = await Tenant.create();
    expectProblem(await send({ from }), 422, 'sender_not_allowed');
  });
});

describe('bodies', () => {
  it.each([
    ['half an object', '{"from":', 400, 'malformed_json'],
    ['nothing', '', 422, 'validation_failed'],
    ['more after the end', '{} x', 400, 'malformed_json'],
    ['a comma too many', '{"a":1,}', 400, 'malformed_json'],
    ['__proto__', '{"__proto__":{"status":"sent"}}', 400, 'malformed_json'],
    ['__proto__ deeper', '{"headers":{"__proto__":{"X-A":"b"}}}', 400, 'malformed_json'],
    ['constructor.prototype', '{"constructor":{"prototype":{"a":1}}}', 400, 'malformed_json'],
    ['a depth of 33', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, 400, 'json_too_deep'],
    ['a bomb of lists', '['.repeat(1_000_000), 400, 'json_too_deep'],
    ['a bomb of objects', '{"a":'.repeat(200_000), 400, 'json_too_deep'],
    ['null', 'null', 422, 'validation_failed'],
    ['a list', '[]', 422, 'validation_failed'],
    ['a text', '"text"', 422, 'validation_failed'],
  ])('%s', async (_name, body, status, code) => {
    expectProblem(await post(body), status, code);
  });

  it('bytes that are no text', async () => {
    expectProblem(await post(Buffer.from([0x22, 0xff, 0x22])), 400, 'malformed_json');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'of another type: %s',
    async (type) => {
      const answer = await post('{}', { 'content-type': type });
      expectProblem(answer, 415, 'unsupported_media_type');
    },
  );

  it.each([
    ['a body over 5 MiB', () => ({ text: 'x'.repeat(5 * MIB + 1) })],
    ['files over 25 MiB', () => ({ attachments: [fileOf(13), fileOf(13)] })],
    ['more than any message can be', () => ({ text: 'x'.repeat(49 * MIB) })],
  ])('%s', async (_name, fields) => {
    expectProblem(await send(fields()), 413, 'body_too_large');
  });

  it('of other routes are small', async () => {
    const body = { name: 'x'.repeat(2 * MIB), mode: 'live' };
    expectProblem(await tenant().live.post('/v1/api-keys', body), 413, 'body_too_large');
  });
});
