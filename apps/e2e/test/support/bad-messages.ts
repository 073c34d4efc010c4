/** One field that makes a message bad: what is wrong, its value, where the answer must point, and why. */
export type BadField = readonly [
  name: string,
  fields: Readonly<Record<string, unknown>>,
  pointer: string,
  code: string,
];

const EVIL = 'evil@injected.test';

/** Everything that is not exactly one addr-spec; the first lines are ways to add a recipient. */
export const badAddresses: readonly unknown[] = [
  `a@b.test\r\nBcc: ${EVIL}`,
  `a@b.test\nBcc: ${EVIL}`,
  `a@b.test\rBcc: ${EVIL}`,
  `a@b.test>\r\nRCPT TO:<${EVIL}`,
  `a@b.test,${EVIL}`,
  `a@b.test, ${EVIL}`,
  `a@b.test;${EVIL}`,
  `a@b.test ${EVIL}`,
  `group:a@b.test,${EVIL};`,
  `"a@b.test\r\nRCPT TO:<${EVIL}>"@b.test`,
  `a@b.test\u0000${EVIL}`,
  `a@b.test\u0085`,
  `a@b.test\u2028${EVIL}`,
  ['a@b.test', EVIL],
  { address: 'a@b.test' },
  'Name <a@b.test>',
  '<a@b.test>',
  'a@b@c.test',
  '@b.test',
  'a@',
  'a',
  '',
  ' a@b.test',
  'a@b.test ',
  'a@b..test',
  '.a@b.test',
  `${'a'.repeat(65)}@b.test`,
  `a@${'b.'.repeat(127)}test`,
  1,
  true,
];

const header = (name: string, value: unknown) => ({ headers: { [name]: value } });
const notAllowed = (name: string, pointer = name): BadField => [
  `header ${JSON.stringify(name)}`,
  header(name, EVIL),
  `/headers/${pointer}`,
  'header_not_allowed',
];

export const badHeaders: readonly BadField[] = [
  ['CRLF', header('X-A', `b\r\nBcc: ${EVIL}`), '/headers/X-A', 'invalid_header'],
  ['LF', header('X-A', `b\nBcc: ${EVIL}`), '/headers/X-A', 'invalid_header'],
  ['folding', header('X-A', 'b\r\n c'), '/headers/X-A', 'invalid_header'],
  ['NUL', header('X-A', 'b\0c'), '/headers/X-A', 'invalid_header'],
  ['a number', header('X-A', 1), '/headers/X-A', 'invalid_header'],
  ['a list', header('X-A', ['b']), '/headers/X-A', 'invalid_header'],
  ['a long line', header('X-A', 'b'.repeat(999)), '/headers/X-A', 'invalid_header'],
  [
    'in a thread',
    header('References', `<a@b>\r\nBcc: ${EVIL}`),
    '/headers/References',
    'invalid_header',
  ],
  ['two spellings', { headers: { 'X-A': '1', 'x-a': '2' } }, '/headers', 'repeated'],
  ['no object', { headers: ['X-A'] }, '/headers', 'is_object'],
  notAllowed(`X-A\r\nBcc`),
  notAllowed('X-A: b\r\nBcc'),
  notAllowed('X A'),
  notAllowed('X-'),
  notAllowed(''),
  ...['Bcc', 'bcc', 'To', 'From', 'Sender', 'Subject', 'Content-Type', 'Return-Path'].map((name) =>
    notAllowed(name),
  ),
  ...['DKIM-Signature', 'Received', 'MIME-Version', 'Message-ID', 'Date'].map((name) =>
    notAllowed(name),
  ),
  [
    'too many',
    { headers: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`X-${n}`, 'a'])) },
    '/headers',
    'too_many',
  ],
];

export const badTexts: readonly BadField[] = [
  ...['a\r\nBcc: b', 'a\nb', 'a\rb', 'a\0b', 'a\tb', '', 'x'.repeat(999), 1, null].map(
    (subject): BadField => [
      `subject ${String(JSON.stringify(subject)).slice(0, 20)}`,
      { subject },
      '/subject',
      'invalid_subject',
    ],
  ),
  ['NUL', { text: 'a\0b' }, '/text', 'invalid_text'],
  ['half a character', { html: 'a\ud800b' }, '/html', 'invalid_text'],
  ['no body', { text: undefined }, '/text', 'body_missing'],
  ['empty bodies', { text: '', html: '' }, '/text', 'body_missing'],
  ['a number', { text: 1 }, '/text', 'is_string'],
  ['a past time', { scheduled_at: '2020-01-01T00:00:00Z' }, '/scheduled_at', 'in_the_past'],
  ['a far time', { scheduled_at: '2199-01-01T00:00:00Z' }, '/scheduled_at', 'too_far_ahead'],
  ...['tomorrow', '2027-02-30T00:00:00Z', '2027-01-01', 1_800_000_000, '', {}].map(
    (scheduled_at): BadField => [
      `time ${JSON.stringify(scheduled_at)}`,
      { scheduled_at },
      '/scheduled_at',
      'invalid_time',
    ],
  ),
];

const tags = (...list: unknown[]) => ({ tags: list });

export const badTags: readonly BadField[] = [
  ['eleven', { tags: Array(11).fill({ name: 'a', value: 'b' }) }, '/tags', 'array_max_size'],
  ['a name with a blank', tags({ name: 'a b', value: '' }), '/tags/0/name', 'invalid_tag_name'],
  ['no name', tags({ value: '' }), '/tags/0/name', 'invalid_tag_name'],
  ['CRLF', tags({ name: 'a', value: 'b\r\nc' }), '/tags/0/value', 'invalid_tag_value'],
  ['a field more', tags({ name: 'a', value: 'b', id: 1 }), '/tags/0/id', 'unknown_field'],
  ['a text', tags('a'), '/tags/0', 'nested_validation'],
  ['null', tags(null), '/tags/0', 'nested_validation'],
  ['no list', { tags: { name: 'a', value: 'b' } }, '/tags', 'is_array'],
];

const file = (fields: object) => ({
  attachments: [{ filename: 'a.txt', content: 'YQ==', ...fields }],
});
const badFilename = (filename: unknown): BadField => [
  `filename ${String(JSON.stringify(filename)).slice(0, 20)}`,
  file({ filename }),
  '/attachments/0/filename',
  'invalid_filename',
];
const badContent = (content: unknown): BadField => [
  `content ${JSON.stringify(content)}`,
  file({ content }),
  '/attachments/0/content',
  'invalid_base64',
];
const unknownField = (name: string): BadField => [
  `field ${name}`,
  file({ [name]: '/etc/passwd' }),
  `/attachments/0/${name}`,
  'unknown_field',
];

export const badAttachments: readonly BadField[] = [
  [
    'twenty-six',
    { attachments: Array(26).fill({ filename: 'a', content: '' }) },
    '/attachments',
    'array_max_size',
  ],
  ...['../../etc/passwd', 'a/b', 'a\\b', '..', '.', '', 'a\r\nb', 'a\0'].map(badFilename),
  ...['exe.\u202efdp', 'x'.repeat(256), 1, null].map(badFilename),
  ...['YQ', 'a', 'YQ===', 'YQ==\n', ' YQ==', 'a-_b', '@@@@', 'YR==', 1, null].map(badContent),
  badContent({ path: '/etc/passwd' }),
  ...['path', 'href', 'raw', 'encoding', 'cid', 'size_bytes', 'tenant_id'].map(unknownField),
  [
    'type with CRLF',
    file({ content_type: 'text/html\r\nX: y' }),
    '/attachments/0/content_type',
    'invalid_content_type',
  ],
  ['type', file({ content_type: 'html' }), '/attachments/0/content_type', 'invalid_content_type'],
  ['disposition', file({ disposition: 'form-data' }), '/attachments/0/disposition', 'is_in'],
  [
    'content id',
    file({ content_id: 'a>\r\nX: y' }),
    '/attachments/0/content_id',
    'invalid_content_id',
  ],
  ['null', { attachments: [null] }, '/attachments/0', 'nested_validation'],
  ['a text', { attachments: ['a'] }, '/attachments/0', 'nested_validation'],
  ['no list', { attachments: { filename: 'a' } }, '/attachments', 'is_array'],
];

/** What a caller may not set, whatever the resource has. */
export const foreignFields: readonly string[] = [
  'tenant_id',
  'id',
  'status',
  'mode',
  'message_id',
  'created_at',
  'storage_key',
  'content_storage_key',
  'cc',
  'bcc',
  'sender',
  'envelope',
  'role',
  'scopes',
  'constructor',
  'prototype',
  'toString',
];
