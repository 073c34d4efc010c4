import type { Tier } from '../../stack/ports.ts';
import type { Answer, Json } from './api.ts';
import type { Ask } from './asks.ts';
import type { Cell } from './parts.ts';

const LONGEST_MS = 3_000;
const SHORTEST_MESSAGE = 20;

/** What a cell does to one way of asking. */
export type Effect = 'untouched' | 'refused' | 'degraded';

/** architecture.md section 4 from the route's own declaration. */
export function effectOf({ required, optional }: Ask, { part: { tier } }: Cell): Effect {
  if (tier && required.includes(tier)) return 'refused';
  return tier && optional.includes(tier) ? 'degraded' : 'untouched';
}

/**
 * What is wrong with an answer that was given during a fault; undefined when nothing is.
 *
 * @param healthy statuses that the same request has without a fault
 * @param machineMs what a route that asks no tier took at that moment: it is nobody's outage
 */
export function faultOf(
  ask: Ask,
  cell: Cell,
  answer: Answer,
  healthy: ReadonlySet<number>,
  machineMs: number,
): string | undefined {
  if (answer.status === 0) return `no answer after ${Math.round(answer.ms)} ms`;
  if (answer.ms > LONGEST_MS + machineMs) return `answered after ${Math.round(answer.ms)} ms`;
  const isUntouched = healthy.has(answer.status) && !isDegraded(answer.body);
  if (isUntouched && toleratesHealth(ask, cell)) return undefined;
  switch (effectOf(ask, cell)) {
    case 'untouched':
      return `${seen(answer)}, as if it needed ${cell.part.name}`;
    case 'refused':
      return refusalFault(answer, tiersToBlame(ask, cell));
    case 'degraded':
      return degradationFault(answer, cell.part.tier as Tier);
  }
}

/** A tier that is only slow may still answer in time: a write within its 2.5 s, a batch of one. */
const toleratesHealth = (ask: Ask, cell: Cell): boolean =>
  cell.mode === 'slow' || effectOf(ask, cell) === 'untouched';

/** A slow tier uses up the time of those asked after it, which then are the ones that failed. */
function tiersToBlame({ required }: Ask, { part, mode }: Cell): readonly (Tier | undefined)[] {
  return mode === 'slow' ? required : [part.tier];
}

function refusalFault(answer: Answer, tiers: readonly (Tier | undefined)[]): string | undefined {
  const { status, headers, body } = answer;
  const { code, tier, retryable, detail, title } = body ?? {};
  if (status !== 503 || code !== 'tier_unavailable') return `${seen(answer)} instead of 503`;
  if (headers.get('content-type') !== 'application/problem+json') return 'a 503 that is no problem';
  if (!tiers.some((name) => name === tier)) return `a 503 that blames ${String(tier)}`;
  if (!(Number(headers.get('retry-after')) > 0)) return 'a 503 without Retry-After';
  if (retryable !== true || !title) return 'a 503 that does not say it may be tried again';
  return String(detail).length < SHORTEST_MESSAGE ? 'a 503 that explains nothing' : undefined;
}

function degradationFault(answer: Answer, tier: Tier): string | undefined {
  const { status, headers, body } = answer;
  if (status !== 200) return `${seen(answer)} instead of 200`;
  if (!isDegraded(body)) return 'a 200 that does not say that it is degraded';
  if (!marks(body, tier)) return `a degraded 200 without a section that names ${tier}`;
  return headers.get('cache-control') === 'no-store'
    ? undefined
    : 'a degraded 200 that may be kept';
}

/** A composed view that says something is missing; the health view says it by its status. */
function isDegraded(body: Json | undefined): boolean {
  return body?.degraded === true || (body?.object === 'health' && body.status === 'degraded');
}

/** Some part of the answer has a status that is not ok and names the tier. */
function marks(value: unknown, tier: Tier): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { status, tier: own, error } = value as Json;
  const named = own === tier || (error as Json | null | undefined)?.tier === tier;
  if (named && ['unavailable', 'stale', 'degraded'].includes(String(status))) return true;
  return Object.values(value).some((part) => marks(part, tier));
}

function seen({ status, body }: Answer): string {
  const words = [status, body?.code, body?.tier, isDegraded(body) && 'degraded'];
  return words.filter(Boolean).join(' ');
}

/** Whose answers must come at once while the breaker is open: a slow tier may still do a write. */
export function isForBreaker(ask: Ask, cell: Cell): boolean {
  const isRead = ask.route.method === 'GET';
  return effectOf(ask, cell) === 'refused' && (cell.mode !== 'slow' || isRead);
}
