import { describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { tierDown, unprocessable } from '@penguinmails/http/problem';
import { createLogger } from '@penguinmails/observability';
import type { JobResult } from '../clients/queue.client.js';
import { HeldJobs } from './held-jobs.js';
import { resultOf } from './job-handler.js';
import { OutcomeReporter } from './outcome-reporter.js';

/** A reporter before a queue that answers as told; `reports` is what the queue was asked, in order. */
function reporterBefore(answer: (results: readonly JobResult[], call: number) => Error | null) {
  const reports: (readonly JobResult[])[] = [];
  const held = new HeldJobs();
  const queue = {
    finish: async (results: readonly JobResult[]) => {
      reports.push(results);
      const error = answer(results, reports.length);
      if (error) throw error;
      return { accepted: results.map(({ job_id }) => job_id), refused: [] };
    },
  };
  const logger = createLogger('worker', { level: 'silent' });
  return { reporter: new OutcomeReporter(queue, held, logger, () => undefined), reports, held };
}

function delivered(held: HeldJobs, reply = '250 2.0.0 ok'): JobResult {
  const leased = {
    id: newId(),
    tenant_id: newId(),
    type: 'send_email',
    payload: {},
    attempt: 1,
    mailbox_id: newId(),
    storage_key: 'cnt_x',
    correlation_id: null,
    traceparent: null,
    created_at: '2026-11-23T00:00:00.000Z',
  };
  const [job] = held.add(newId(), [leased], []);
  return resultOf(job!, { kind: 'delivered', code: 250, enhanced_code: '2.0.0', reply });
}

describe('OutcomeReporter', () => {
  it('keeps outcomes until a queue that was away has answered', async () => {
    const { reporter, reports, held } = reporterBefore((_, call) =>
      call < 3 ? tierDown('queue') : null,
    );
    reporter.report([delivered(held)]);
    expect(await reporter.close(50_000)).toBe(0);
    expect(reports).toHaveLength(3);
    expect(held.size).toBe(0);
  });

  it('reports what is refused once more without detail, and the others as they are', async () => {
    const isBad = ({ reply }: JobResult) => reply === 'not acceptable';
    const { reporter, reports, held } = reporterBefore((results) =>
      results.some(isBad) ? unprocessable([]) : null,
    );
    const [good, bad] = [delivered(held), delivered(held, 'not acceptable')];
    reporter.report([good, bad]);
    expect(await reporter.close(50_000)).toBe(0);
    const taken = reports.filter((results) => !results.some(isBad)).flat();
    expect(taken).toContainEqual(good);
    expect(taken).toContainEqual({ ...bad, code: null, enhanced_code: null, reply: null });
    expect(held.size).toBe(0);
  });

  it('lets go of an outcome that the queue refuses even without detail', async () => {
    const { reporter, reports, held } = reporterBefore(() => unprocessable([]));
    reporter.report([delivered(held)]);
    expect(await reporter.close(50_000)).toBe(0);
    expect(reports).toHaveLength(2);
  });
});
