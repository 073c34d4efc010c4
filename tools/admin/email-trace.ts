import { tiers } from '../stack/ports.ts';
import { queryOnce } from '../stack/postgres/query.ts';
import type { DatabaseUrls } from './admin.config.ts';
import {
  type ContentFacts,
  type DayFacts,
  type EmailFacts,
  type EmailTrace,
  factsOf,
  type HourFacts,
  type JobFacts,
  type Known,
  type StandingEvents,
} from './trace/facts.ts';
import { CONTENT, DAY, EMAIL, HOUR, JOB, STANDING } from './trace/queries.ts';

/**
 * Asks the five databases about one e-mail, each by itself: one that is down is a finding, not a
 * failure. Without oltp's row the other tiers are asked by what queue knows of the job.
 */
export async function traceEmail(urls: DatabaseUrls, id: string): Promise<EmailTrace> {
  const [oltp, queue] = await Promise.all([
    ask<EmailFacts>(urls.oltp, EMAIL, [id]),
    ask<JobFacts>(urls.queue, JOB, [id]),
  ]);
  const email = factsOf(oltp);
  const tenant = email?.tenant_id ?? factsOf(queue)?.tenant_id ?? null;
  const created = email?.created_at ?? null;
  const [content, olap, notifications] = await Promise.all([
    ask<ContentFacts>(urls.content, CONTENT, [tenant, email?.storage_key ?? null]),
    ask<HourFacts>(urls.olap, HOUR, [tenant, email?.mode ?? null, created]),
    ask<DayFacts>(urls.notifications, DAY, [tenant, email?.finished_at ?? created]),
  ]);
  const keys = email ? [id, email.storage_key] : [id];
  const standing = await standingEvents(urls, keys);
  return { oltp, queue, content, olap, notifications, standing, email };
}

async function ask<T extends object>(
  url: string,
  sql: string,
  values: unknown[],
): Promise<Known<T>> {
  try {
    const [row] = await queryOnce<T>(url, sql, values);
    return row;
  } catch (error) {
    return { down: (error as Error).message };
  }
}

async function standingEvents(
  urls: DatabaseUrls,
  keys: string[],
): Promise<Partial<Record<string, StandingEvents>>> {
  const found = tiers.map(async (tier) => {
    const events = factsOf(await ask<StandingEvents>(urls[tier], STANDING, [keys]));
    return [tier, events] as const;
  });
  const known = (await Promise.all(found)).filter(([, events]) => events !== undefined);
  return Object.fromEntries(known);
}
