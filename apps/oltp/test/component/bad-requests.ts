import { newId } from '@penguinmails/contracts';

const email = (
  name: string,
  change: object,
  pointer = `/${Object.keys(change)[0]}`,
): BadRequest => [name, '/emails', change, 'validation_failed', [pointer]];

/** What, path, fields that are wrong, code, pointers. The status is 422. */
export type BadRequest = [string, string, object, string, string[]];

export const badRequests: BadRequest[] = [
  email('two addresses', { to: 'a@b.example,c@d.example' }),
  email('CRLF in an address', { to: 'a@b.example\r\nBcc: c@d.example' }),
  email('NUL in an address', { from: 'a\0@b.example' }),
  email('NUL in the subject', { subject: 'a\0b' }),
  email('LF in the subject', { subject: 'a\nBcc: x' }),
  email('a tenant', { tenant_id: newId() }),
  email('a status', { status: 'delivered' }),
  email('the id of a campaign e-mail', { id: `${newId().slice(0, -4)}0001` }),
  email('a bad storage key', { storage_key: 'cnt_x' }),
  email('a bad time', { scheduled_at: 'tomorrow' }),
  email('11 tags', { tags: Array(11).fill({ name: 'a', value: 'b' }) }),
  email('a tag without a value', { tags: [{ name: 'a' }] }, '/tags/0/value'),
  ['an unknown sender', '/emails', { from: 'eve@evil.example' }, 'sender_not_allowed', ['/from']],
  ['an unknown scope', '/api-keys', { scopes: ['root'] }, 'validation_failed', ['/scopes']],
];
