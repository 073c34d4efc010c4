import { textOf } from '../client/load.ts';
import type { Tried } from '../ledger.ts';
import type { EmailRow, Facts } from './fact-types.ts';

/** What the client may expect of one round. */
export interface Expected {
  tried: readonly Tried[];
  /** E-mail id by key. */
  acked: ReadonlyMap<string, string>;
  /** Messages that were on their way at a worker that was hit: each may arrive once more. */
  inFlightAtWorker: number;
}

/** What was found; every list of names is empty when all is well. */
export interface Verdict {
  acked: number;
  lost: number;
  ghosts: number;
  secondCopies: number;
  allowedCopies: number;
  unknown: number;
  /** Leases that ran out, over all jobs. */
  leaseLosses: number;
  /** One line per kind of violation, with an example. */
  violations: string[];
}

const ENDS = ['delivered', 'unknown'];

/**
 * Compares the ledger with five databases and the sink (reference/reliability.md, I1–I3 and I10).
 * The sink of a round delivers everything, so that every end but `delivered` and `unknown` is wrong.
 */
export function judge(expected: Expected, facts: Facts): Verdict {
  const found = new Findings();
  const lost = findLost(expected, facts, found);
  const ghosts = findGhosts(expected, facts, found);
  const copies = countCopies(expected, facts, found);
  checkJobs(facts, found);
  checkCounters(facts, found);
  const unknown = facts.emails.filter(({ status }) => status === 'unknown').length;
  const leaseLosses = facts.jobs.reduce((sum, job) => sum + job.leaseLosses, 0);
  const acked = expected.acked.size;
  return { acked, lost, ghosts, ...copies, unknown, leaseLosses, violations: found.lines() };
}

/** Acknowledged, and then missing somewhere on its way. */
function findLost({ acked, tried }: Expected, facts: Facts, found: Findings): number {
  const emails = byId(facts.emails);
  const finished = new Set(facts.jobs.map(({ id }) => id));
  const bodies = new Map(facts.contents.map((row) => [row.storageKey, row]));
  const arrived = new Set(facts.arrivals.map(({ message_id }) => message_id));
  const lost = new Set<string>();
  const miss = (kind: string, id: string): void => {
    lost.add(id);
    found.add(kind, id);
  };
  for (const { key, to } of tried) {
    const id = acked.get(key);
    const email = id === undefined ? undefined : emails.get(id);
    if (id === undefined) found.add('never_accepted', key);
    else if (email?.recipient !== to) miss('not_in_oltp', id);
    else if (!ENDS.includes(email.status)) miss(`ended_${email.status}`, id);
    else if (!finished.has(id)) miss('job_not_finished', id);
    else if (bodies.get(email.storageKey)?.state !== 'attached') miss('body_not_attached', id);
    else if (bodies.get(email.storageKey)?.text !== textOf(key)) miss('body_differs', id);
    else if (email.status === 'delivered' && !arrived.has(email.messageId)) miss('no_copy', id);
  }
  return lost.size;
}

/** Rows that no request asked for, and requests that made two e-mails. */
function findGhosts({ tried }: Expected, facts: Facts, found: Findings): number {
  const addresses = new Set(tried.map(({ to }) => to));
  const ids = new Set(facts.emails.map(({ id }) => id));
  const keys = new Set(facts.emails.map(({ storageKey }) => storageKey));
  const messageIds = new Set(facts.emails.map(({ messageId }) => messageId));
  const before = found.total;
  for (const { id, recipient } of facts.emails)
    if (!addresses.has(recipient)) found.add('email_never_tried', id);
  for (const id of repeated(facts.emails.map(({ recipient }) => recipient)))
    found.add('accepted_twice', id);
  for (const { id } of [...facts.jobs, ...facts.hot])
    if (!ids.has(id)) found.add('job_of_none', id);
  for (const { storageKey, state } of facts.contents)
    if (state === 'attached' && !keys.has(storageKey)) found.add('body_of_none', storageKey);
  for (const { message_id } of facts.arrivals)
    if (message_id === null || !messageIds.has(message_id))
      found.add('copy_of_none', `${message_id}`);
  return found.total - before;
}

/** A try whose outcome was unknown may repeat its message, and so may a crash of the worker. */
function countCopies(expected: Expected, facts: Facts, found: Findings) {
  const perMessage = new Map<string, number>();
  for (const { message_id } of facts.arrivals)
    perMessage.set(`${message_id}`, (perMessage.get(`${message_id}`) ?? 0) + 1);
  const secondCopies = [...perMessage.values()].reduce((sum, copies) => sum + copies - 1, 0);
  const unknownTries = facts.jobs.reduce((sum, { unknowns }) => sum + unknowns, 0);
  const allowedCopies = unknownTries + expected.inFlightAtWorker;
  if (secondCopies > allowedCopies) found.add('second_copies', `${secondCopies}>${allowedCopies}`);
  return { secondCopies, allowedCopies };
}

function checkJobs({ jobs, hot, backlog }: Facts, found: Findings): void {
  for (const id of repeated(jobs.map((job) => job.id))) found.add('job_ended_twice', id);
  for (const { id, attempts, maxAttempts, tries } of jobs) {
    if (attempts > maxAttempts) found.add('too_many_attempts', id);
    if (tries !== attempts) found.add('tries_miscounted', id);
  }
  for (const { id, overdue } of hot) found.add(overdue ? 'lease_overdue' : 'job_unfinished', id);
  for (const [name, count] of Object.entries(backlog)) if (count > 0) found.add(name, `${count}`);
}

/** Each event counted once, whatever was delivered twice. */
function checkCounters({ emails, counters }: Facts, found: Findings): void {
  const sent = emails.filter(({ wasSent }) => wasSent).length;
  const delivered = emails.filter(({ status }) => status === 'delivered').length;
  const wanted = {
    'activity.accepted': emails.length,
    'activity.sent': sent,
    'activity.delivered': delivered,
    'billing.sent': sent,
    'billing.delivered': delivered,
    'summary.delivered': delivered,
  };
  for (const [name, value] of Object.entries(wanted)) {
    const counted = counters[name as keyof typeof wanted];
    if (counted !== value) found.add(`counter ${name}`, `${counted} instead of ${value}`);
  }
}

const byId = (emails: readonly EmailRow[]): Map<string, EmailRow> =>
  new Map(emails.map((email) => [email.id, email]));

function repeated(values: readonly string[]): Set<string> {
  const seen = new Set<string>();
  return new Set(values.filter((value) => seen.size === seen.add(value).size));
}

/** Violations by kind. */
class Findings {
  readonly #byKind = new Map<string, string[]>();

  add(kind: string, example: string): void {
    this.#byKind.set(kind, [...(this.#byKind.get(kind) ?? []), example]);
  }

  get total(): number {
    return [...this.#byKind.values()].reduce((sum, examples) => sum + examples.length, 0);
  }

  lines(): string[] {
    return [...this.#byKind].map(([kind, list]) => `${kind}: ${list.length} (${list[0]})`);
  }
}
