import { type EmailTrace, factsOf, isDown } from './facts.ts';

/** After this long a step that Kafka carries counts as missing, not as on its way. */
const ON_ITS_WAY_MS = 60_000;
const OPEN = ['scheduled', 'queued', 'sending', 'deferred'];

/** What a person would look at next; never empty. */
export function hintsOf(trace: EmailTrace, now: Date): string[] {
  const hints = [
    ...downHints(trace),
    ...emailHints(trace),
    ...contentHints(trace, now),
    ...queueHints(trace, now),
    ...standingHints(trace),
  ];
  return hints.length > 0 ? hints : [NOTHING_MISSING];
}

const NOTHING_MISSING =
  'nothing is missing. If a reader does not see the content: is the key of the same tenant (a ' +
  'foreign id answers 404), has it the scope emails:read, and was content up (503 with tier ' +
  '"content", or degraded:true, when it is not)?';

function downHints(trace: EmailTrace): string[] {
  const { oltp, content, queue, olap, notifications } = trace;
  const all = { oltp, content, queue, olap, notifications };
  return Object.entries(all).flatMap(([tier, known]) =>
    isDown(known) ? [`${tier}: its database does not answer (${known.down}): start there`] : [],
  );
}

function emailHints({ oltp }: EmailTrace): string[] {
  if (oltp !== undefined) return [];
  return ['oltp has no such e-mail: another id, another environment, or its tenant was erased'];
}

function contentHints({ email, content, ...trace }: EmailTrace, now: Date): string[] {
  if (!email || isDown(content)) return [];
  const row = factsOf(content);
  if (!row) {
    return [
      `content has nothing under ${email.storage_key}: this is why the body cannot be seen. It was ` +
        'erased, has expired, or the database was restored to an older time than oltp’s',
    ];
  }
  if (row.expires_at && row.expires_at < now) return ['content: the body has expired'];
  const waited = now.getTime() - email.created_at.getTime() > ON_ITS_WAY_MS;
  if (row.state === 'pending' && waited)
    return [`content was never told of the e-mail: ${relay(trace)}`];
  if (row.state === 'condemned') return ['content asks oltp whether anybody still needs the body'];
  if (row.state === 'archived')
    return ['content: the body is in the archive, reading takes longer'];
  return [];
}

function relay({ standing }: Pick<EmailTrace, 'standing'>): string {
  const waiting = standing.oltp?.unpublished ?? 0;
  return waiting > 0
    ? `oltp has ${waiting} events of it unpublished: is Kafka up?`
    : 'its event was published; look at the consumer’s lag in GET /v1/admin/health';
}

function queueHints({ email, queue, ...trace }: EmailTrace, now: Date): string[] {
  if (!email || isDown(queue)) return [];
  const job = factsOf(queue);
  if (!job) return OPEN.includes(email.status) ? [`queue has no job of it: ${relay(trace)}`] : [];
  if (job.buried) return [`queue: gave up after ${job.attempts} attempts (${job.last_error_code})`];
  if (job.place === 'history') return outcomeHints(email.status, job.outcome);
  const lease = job.lease_expires_at;
  if (lease && lease < now) return ['queue: the worker lost its lease; another one takes the job'];
  if (job.scheduled_at > now) return [`queue: next attempt at ${job.scheduled_at.toISOString()}`];
  return job.status === 'pending'
    ? ['queue: due, but no worker has taken it: is one running?']
    : [];
}

function outcomeHints(status: string, outcome: string | null): string[] {
  if (!OPEN.includes(status)) return [];
  return [`queue ended the job (${outcome}), oltp still says ${status}: its event is on its way`];
}

function standingHints({ standing }: EmailTrace): string[] {
  return Object.entries(standing).flatMap(([tier, events]) =>
    events && events.parked > 0
      ? [`${tier} has parked ${events.parked} events of it (${events.last_error}): it tries again`]
      : [],
  );
}
