import { type AddrSpec, parseAddrSpec } from '@penguinmails/contracts';
import { forbidden, Problem, type ProblemItem, unprocessable } from '@penguinmails/http/problem';
import type { EmailMode } from './email-row.js';
import type { Acceptance } from './acceptance.repository.js';

const DAY_MS = 86_400_000;
/** An e-mail may be scheduled this far ahead. */
const MAX_AHEAD_DAYS = 366;

export interface Addresses {
  readonly sender: AddrSpec;
  readonly recipient: AddrSpec;
}

interface AddressFields {
  readonly from: string;
  readonly to: string;
  readonly replyTo: string | null;
  readonly scheduledAt: Date | null;
}

/** @throws Problem 422 `validation_failed` naming every field that is not exactly one addr-spec */
export function parseAddresses({ from, to, replyTo, scheduledAt }: AddressFields): Addresses {
  const sender = parseAddrSpec(from);
  const recipient = parseAddrSpec(to);
  const problems: ProblemItem[] = [];
  if (!sender) problems.push(badAddress('/from'));
  if (!recipient) problems.push(badAddress('/to'));
  if (replyTo !== null && !parseAddrSpec(replyTo)) problems.push(badAddress('/reply_to'));
  if (isTooFarAhead(scheduledAt)) problems.push(tooFarAhead());
  if (!sender || !recipient || problems.length > 0) throw unprocessable(problems);
  return { sender, recipient };
}

/** True for a time that has not come yet; an e-mail for the past or for now is sent at once. */
export function isInFuture(time: Date | null): boolean {
  return time !== null && time.getTime() > Date.now();
}

/**
 * The mailbox to send from and the domain of its Message-IDs.
 * @throws Problem 403 `tenant_not_active`, 422 `sender_not_allowed`, 429 `plan_limit_reached`
 */
export function allowedSender(
  acceptance: Acceptance,
  mode: EmailMode,
): { mailboxId: string; domain: string } {
  const { tenantStatus, mailboxId, domain } = acceptance;
  if (tenantStatus !== 'active') throw forbidden('tenant_not_active', 'The tenant is not active.');
  if (mailboxId === null || domain === null) throw senderNotAllowed();
  if (mode === 'live' && isLimitReached(acceptance)) throw planLimitReached();
  return { mailboxId, domain };
}

/** A soft limit: requests at the same moment may pass it by as many as there are. */
function isLimitReached({ monthlyLimit, acceptedThisMonth }: Acceptance): boolean {
  return monthlyLimit !== null && acceptedThisMonth >= monthlyLimit;
}

function isTooFarAhead(time: Date | null): boolean {
  return time !== null && time.getTime() > Date.now() + MAX_AHEAD_DAYS * DAY_MS;
}

function badAddress(pointer: string): ProblemItem {
  return { pointer, code: 'invalid_address', detail: 'Must be exactly one e-mail address.' };
}

function tooFarAhead(): ProblemItem {
  const detail = `Must be at most ${MAX_AHEAD_DAYS} days ahead.`;
  return { pointer: '/scheduled_at', code: 'too_far_ahead', detail };
}

function senderNotAllowed(): Problem {
  const detail = 'from is not the address of a mailbox on a verified domain.';
  return unprocessable(
    [{ pointer: '/from', code: 'sender_not_allowed', detail }],
    'sender_not_allowed',
    detail,
  );
}

/** Not stored with an Idempotency-Key, as every 429: the same request succeeds next month. */
function planLimitReached(): Problem {
  return new Problem(429, 'plan_limit_reached', {
    detail: 'The e-mails of the plan are used up for this month (UTC).',
    retryAfter: secondsToNextMonth(new Date()),
  });
}

function secondsToNextMonth(now: Date): number {
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  return Math.ceil((next - now.getTime()) / 1000);
}
