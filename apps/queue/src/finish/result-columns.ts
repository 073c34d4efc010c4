import { maskedReply } from '../job/masked-reply.js';
import type { FinishResult } from './finish-result.js';

type Column = (string | number | null)[];

/**
 * Results as lists, for one statement. Each lease is named once: its tenants, its tokens, then for each
 * result the number of its lease (from 1), job id, kind, code, enhanced code, error code, masked reply,
 * begin, end. A detail that no result has is an empty list: `unnest` fills it up with NULLs.
 */
export function resultColumns(results: readonly FinishResult[]): Column[] {
  const leases = new Map<string, { number: number; result: FinishResult }>();
  const numbers = results.map((result) => {
    const key = `${result.tenant_id}/${result.lease_token}`;
    const known = leases.get(key) ?? { number: leases.size + 1, result };
    leases.set(key, known);
    return known.number;
  });
  const distinct = [...leases.values()].map(({ result }) => result);
  return [
    distinct.map((each) => each.tenant_id),
    distinct.map((each) => each.lease_token),
    numbers,
    results.map((each) => each.job_id),
    results.map((each) => each.kind),
    detail(results.map((each) => each.code)),
    detail(results.map((each) => each.enhanced_code)),
    detail(results.map((each) => each.error_code)),
    detail(results.map((each) => maskedReply(each.reply))),
    results.map((each) => each.started_at),
    results.map((each) => each.finished_at),
  ];
}

function detail(column: Column): Column {
  return column.every((value) => value === null) ? [] : column;
}
