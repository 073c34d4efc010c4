import { extractTrace, linkTo } from '@penguinmails/observability';

/** Spans with more links are cut by exporters. */
const MAX_LINKS = 128;

/**
 * How the span of work on a batch of jobs is opened: work on one e-mail belongs to that e-mail's trace,
 * work on several is linked to theirs.
 */
export function batchSpan(count: number, traceparents: readonly string[]) {
  const attributes = { 'job.count': count };
  const [only] = count === 1 ? traceparents : [];
  if (only !== undefined) return { attributes, parent: extractTrace({ traceparent: only }) };
  const links = traceparents
    .slice(0, MAX_LINKS)
    .flatMap((traceparent) => linkTo({ traceparent }) ?? []);
  return { attributes, links };
}
