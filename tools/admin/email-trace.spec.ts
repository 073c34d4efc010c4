import { describe, expect, it } from '@jest/globals';
import { maskAddress, printTrace } from './print-trace.ts';
import type { ContentFacts, EmailFacts, EmailTrace, JobFacts } from './trace/facts.ts';
import { hintsOf } from './trace/hints.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 12, minute));
const now = at(30);

const email: EmailFacts = {
  tenant_id: '0190aaaa-0000-7000-8000-000000000001',
  status: 'delivered',
  mode: 'live',
  sender: 'anna@shop.test',
  recipient: 'bert@home.test',
  subject_length: 12,
  storage_key: 'cnt_abcdefghijklmnopqrstuv',
  attempt: 1,
  last_error_code: null,
  scheduled_at: null,
  created_at: at(0),
  sent_at: at(1),
  finished_at: at(1),
};

const content: ContentFacts = {
  state: 'attached',
  raw_size_bytes: 100,
  compression: 'none',
  attachments: [7],
  created_at: at(0),
  expires_at: null,
};

const job: JobFacts = {
  tenant_id: email.tenant_id,
  place: 'history',
  status: 'completed',
  outcome: 'delivered',
  attempts: 1,
  max_attempts: 12,
  scheduled_at: at(0),
  lease_expires_at: null,
  completed_at: at(1),
  last_error_code: null,
  buried: false,
  tries: [
    {
      attempt: 1,
      outcome: 'delivered',
      code: 250,
      enhanced_code: '2.0.0',
      error_code: null,
      finished_at: at(1).toISOString(),
    },
  ],
};

const whole: EmailTrace = {
  oltp: email,
  email,
  content,
  queue: job,
  olap: { bucket: at(0), accepted: 3, delivered: 2, bounced: 1 },
  notifications: { day: '2026-01-01', delivered: 2, bounced: 1, summaries: 1 },
  standing: { oltp: { unpublished: 0, parked: 0, last_error: null } },
};

const hints = (change: Partial<EmailTrace>): string => hintsOf({ ...whole, ...change }, now).join();
const changed = (facts: Partial<EmailFacts>): Partial<EmailTrace> => {
  const other = { ...email, ...facts };
  return { oltp: other, email: other };
};

describe('email trace', () => {
  it('shows what each tier knows, no address', () => {
    const text = printTrace('0190bbbb-0000-7000-8000-000000000001', whole, now);
    expect(text).toContain('delivered (live), a***@shop.test → b***@home.test');
    expect(text).toContain('content        attached, body of 100 bytes');
    expect(text).toContain('1 attachments: 7 bytes');
    expect(text).toContain('#1 delivered 250 2.0.0 at 2026-01-01T12:01:00.000Z');
    expect(text).toContain('accepted 3, delivered 2');
    expect(text).toContain('nothing is missing');
    expect(text).not.toMatch(/anna|bert/);
    expect(['a@b.c', '@b.c'].map(maskAddress)).toEqual(['a***@b.c', '***@b.c']);
  });

  it.each<[string, Partial<EmailTrace>, RegExp]>([
    ['the body is gone', { content: undefined }, /why the body cannot be seen/],
    ['content is down', { content: { down: 'refused' } }, /content: its database does not answer/],
    ['the body expired', { content: { ...content, expires_at: at(2) } }, /has expired/],
    [
      'content was not told',
      { content: { ...content, state: 'pending' } },
      /never told.*published/,
    ],
    [
      'Kafka is down',
      {
        content: { ...content, state: 'pending' },
        standing: { oltp: { unpublished: 2, parked: 0, last_error: null } },
      },
      /2 events of it unpublished: is Kafka up/,
    ],
    ['it is archived', { content: { ...content, state: 'archived' } }, /in the archive/],
    ['nobody knows it', { oltp: undefined, email: undefined, queue: undefined }, /no such e-mail/],
    ['queue never got it', { ...changed({ status: 'queued' }), queue: undefined }, /has no job/],
    [
      'it waits for its next attempt',
      {
        ...changed({ status: 'deferred' }),
        queue: { ...job, place: 'queue', status: 'pending', scheduled_at: at(45) },
      },
      /next attempt at 2026-01-01T12:45/,
    ],
    [
      'no worker runs',
      { ...changed({ status: 'queued' }), queue: { ...job, place: 'queue', status: 'pending' } },
      /is one running/,
    ],
    ['it was given up', { queue: { ...job, buried: true } }, /gave up after 1 attempts/],
    ['the outcome is on its way', changed({ status: 'sending' }), /oltp still says sending/],
    [
      'a handler fails',
      { standing: { olap: { unpublished: 0, parked: 1, last_error: 'bad_event' } } },
      /olap has parked 1 events of it \(bad_event\)/,
    ],
  ])('says what to look at when %s', (_case, change, hint) => {
    expect(hints(change)).toMatch(hint);
    expect(hints(change)).not.toContain('nothing is missing');
  });
});
