import { newId } from '@penguinmails/contracts';

/** Answer of PUT and GET. */
export interface Stored {
  storage_key: string;
  state: string;
  text: string | null;
  html: string | null;
  headers: Record<string, string>;
  raw_size_bytes: number;
  total_size_bytes: number;
  content_hash: string;
  attachments: { id: string; filename: string; size_bytes: number; content_hash: string }[];
}

export interface ProblemBody {
  code: string;
  request_id: string;
  instance: string;
  errors?: { pointer: string; code: string }[];
}

export const path = (key: string) => `/internal/contents/${key}`;
export const base64 = (bytes: Buffer) => bytes.toString('base64');

export const file = (bytes: Buffer, change: Record<string, unknown> = {}) => ({
  filename: 'Bericht "1" ü.pdf',
  content_type: 'application/pdf',
  content: base64(bytes),
  disposition: 'attachment',
  content_id: null,
  ...change,
});

export const message = (change: Record<string, unknown> = {}) => ({
  text: 'día 🐧',
  html: '',
  headers: { 'X-Ref': 'ü' },
  attachments: [],
  ...change,
});

export function accepted(tenantId: string, storageKey: string) {
  const emailId = newId();
  return {
    type: 'penguinmails.email.accepted.v1' as const,
    tenantId,
    subject: emailId,
    data: {
      email_id: emailId,
      storage_key: storageKey,
      mailbox_id: newId(),
      domain_key: 'a'.repeat(32),
      mode: 'live' as const,
      priority: 0,
      scheduled_at: null,
      size_bytes: 5,
    },
  };
}

export function answered(tenantId: string, held: string[], denied: string[]) {
  const type = 'penguinmails.content.references_answered.v1' as const;
  return { type, tenantId, subject: 'bucket', data: { held, denied } };
}

/** Graces short enough to watch the reaper at work. */
export const hasty = {
  CONTENT_PENDING_GRACE_SECONDS: '1',
  CONTENT_DENIED_GRACE_SECONDS: '3',
  CONTENT_ASK_AGAIN_SECONDS: '60',
  CONTENT_REAP_INTERVAL_MS: '200',
};

/** What, body, status, code, pointers. */
export const badRequests: [string, unknown, number, string, string[]][] = [
  ['an unknown field', message({ state: 'attached' }), 422, 'validation_failed', ['/state']],
  ['a number as text', message({ text: 5 }), 422, 'validation_failed', ['/text']],
  [
    'a file without a name',
    message({ attachments: [{ ...file(Buffer.from('a')), filename: undefined }] }),
    422,
    'validation_failed',
    ['/attachments/0/filename'],
  ],
  [
    'bad base64',
    message({
      attachments: [file(Buffer.from('a')), file(Buffer.from('a'), { content: 'a=b=' })],
    }),
    422,
    'validation_failed',
    ['/attachments/1/content'],
  ],
  [
    'CRLF in a header',
    message({ headers: { 'X-A': 'a\r\nBcc: b@c.test' } }),
    422,
    'validation_failed',
    ['/headers/X-A'],
  ],
  [
    'a header that is no text',
    message({ headers: { 'X-A': 1 } }),
    422,
    'validation_failed',
    ['/headers/X-A'],
  ],
  [
    '26 files',
    message({ attachments: Array(26).fill(file(Buffer.from('a'))) }),
    422,
    'validation_failed',
    ['/attachments'],
  ],
  ['malformed JSON', '{"text": ', 400, 'malformed_json', []],
  ['a depth bomb', '['.repeat(100_000), 400, 'json_too_deep', []],
  ['an array', [], 422, 'validation_failed', ['']],
  [
    '26 MB of files',
    message({ attachments: [file(Buffer.alloc(27_000_000))] }),
    413,
    'body_too_large',
    [],
  ],
  ['50 MB', JSON.stringify(message({ text: 'x'.repeat(51_000_000) })), 413, 'body_too_large', []],
];
