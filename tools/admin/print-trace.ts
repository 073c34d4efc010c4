import {
  type AttemptFacts,
  type ContentFacts,
  type DayFacts,
  type EmailFacts,
  type EmailTrace,
  factsOf,
  type HourFacts,
  isDown,
  type JobFacts,
  type Known,
} from './trace/facts.ts';
import { hintsOf } from './trace/hints.ts';

const NAME_WIDTH = 15;

/** `anna@example.org` is shown as `a***@example.org`: enough to tell it apart, not to write to. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, Math.min(1, at))}***${address.slice(at)}`;
}

/** The whole trace as text: a paragraph a tier, then the hints. */
export function printTrace(id: string, trace: EmailTrace, now = new Date()): string {
  const paragraphs = [
    paragraph('oltp', trace.oltp, emailLines),
    paragraph('content', trace.content, contentLines),
    paragraph('queue', trace.queue, jobLines),
    paragraph('olap', trace.olap, hourLines),
    paragraph('notifications', trace.notifications, dayLines),
    ...standingLines(trace),
  ];
  const hints = hintsOf(trace, now).map((hint) => `- ${hint}`);
  return [`e-mail ${id}`, ...paragraphs, '', 'hints', ...hints, ''].join('\n');
}

function paragraph<T extends object>(
  tier: string,
  known: Known<T>,
  describe: (facts: T) => string[],
): string {
  const facts = factsOf(known);
  const lines = isDown(known) ? ['does not answer'] : facts ? describe(facts) : ['nothing'];
  return lines
    .map((line, index) => `${(index === 0 ? tier : '').padEnd(NAME_WIDTH)}${line}`)
    .join('\n');
}

function emailLines(email: EmailFacts): string[] {
  const people = `${maskAddress(email.sender)} → ${maskAddress(email.recipient)}`;
  return [
    `${email.status} (${email.mode}), ${people}, subject of ${email.subject_length} characters`,
    `attempt ${email.attempt}, last error ${email.last_error_code ?? 'none'}`,
    times({
      accepted: email.created_at,
      scheduled: email.scheduled_at,
      sent: email.sent_at,
      finished: email.finished_at,
    }),
    `tenant ${email.tenant_id}, content ${email.storage_key}`,
  ];
}

function contentLines(content: ContentFacts): string[] {
  const files = content.attachments.map((bytes) => `${bytes} bytes`);
  return [
    `${content.state}, body of ${content.raw_size_bytes} bytes (${content.compression})`,
    `${files.length} attachments${files.length > 0 ? `: ${files.join(', ')}` : ''}`,
    times({ stored: content.created_at, expires: content.expires_at }),
  ];
}

function jobLines(job: JobFacts): string[] {
  const where = job.buried ? 'buried' : `in the ${job.place}`;
  const tries = `${job.attempts} of ${job.max_attempts} attempts`;
  return [
    `${job.outcome ?? job.status}, ${where}, ${tries}`,
    times({ due: job.scheduled_at, lease: job.lease_expires_at, completed: job.completed_at }),
    ...job.tries.map(tryLine),
  ];
}

function tryLine(attempt: AttemptFacts): string {
  const reply = [attempt.code, attempt.enhanced_code, attempt.error_code].filter(Boolean).join(' ');
  const at = new Date(attempt.finished_at).toISOString();
  return `#${attempt.attempt} ${attempt.outcome} ${reply} at ${at}`;
}

function hourLines(hour: HourFacts): string[] {
  const counts = `accepted ${hour.accepted}, delivered ${hour.delivered}, bounced ${hour.bounced}`;
  return [`aggregates only; the tenant's hour from ${hour.bucket.toISOString()}: ${counts}`];
}

function dayLines(day: DayFacts): string[] {
  const counts = `delivered ${day.delivered}, bounced ${day.bounced}`;
  return [`the tenant's ${day.day}: ${counts}; ${day.summaries} delivery summaries kept`];
}

function standingLines({ standing }: EmailTrace): string[] {
  return Object.entries(standing).flatMap(([tier, events]) => {
    if (!events || events.unpublished + events.parked === 0) return [];
    const counts = `${events.unpublished} unpublished, ${events.parked} parked`;
    return [`${''.padEnd(NAME_WIDTH)}events standing in ${tier}: ${counts}`];
  });
}

function times(all: Record<string, Date | null>): string {
  const known = Object.entries(all).filter(([, at]) => at !== null);
  return known.map(([name, at]) => `${name} ${at?.toISOString()}`).join(', ');
}
