import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jobTypes, newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import type { JobRequest } from '../../src/enqueue/job-request.js';
import { type QueueEngine, startQueueEngine } from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const TENANT = newId();
const asked = (more: Partial<JobRequest>): JobRequest => ({
  tenantId: TENANT,
  type: 'maintenance',
  payload: {},
  ...more,
});
const enqueue = (requests: readonly JobRequest[]) =>
  queue.db.system.transaction((tx) => queue.enqueueJobs.enqueue(tx, requests));

/** What jobs have in common goes once, anything else as lists: each of them has to get its own. */
describe('jobs of one call', () => {
  const plain = {
    type: 'maintenance',
    payload: {},
    priority: 0,
    scheduledAt: null,
    dedupeKey: null,
    rateKey: '',
    domainKey: null,
    correlationId: null,
    traceparent: null,
  } as const;
  const other: Partial<JobRequest> = {
    type: 'dead_letters_redrive',
    payload: { filter: { error_code: 'refused' } },
    priority: 3,
    scheduledAt: '2030-01-02T03:04:05.678Z',
    dedupeKey: 'd',
    rateKey: 'r',
    domainKey: 'x'.repeat(64),
    correlationId: 'NULL, "{quoted}" \\n',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const stored = () =>
    queue.rows(
      `SELECT id, tenant_id AS "tenantId", job_type AS type, payload, priority,
         nullif(scheduled_at, created_at) AS "scheduledAt", dedupe_key AS "dedupeKey",
         rate_key AS "rateKey", domain_key AS "domainKey", correlation_id AS "correlationId",
         traceparent, max_attempts AS tries, expires_at IS NOT NULL AS expires
       FROM job_queue`,
    );
  const kept = (id: string, { scheduledAt, ...request }: Partial<JobRequest>) => ({
    id,
    tenantId: TENANT,
    ...request,
    scheduledAt: scheduledAt ? new Date(scheduledAt) : null,
    ...(request.type === 'maintenance'
      ? { tries: 3, expires: true }
      : { tries: jobTypes.dead_letters_redrive.maxAttempts, expires: false }),
  });
  const oneOther = (key: string) => ({ ...plain, [key]: other[key as keyof typeof other] });
  const mixes: [string, Partial<JobRequest>[]][] = [
    ['all alike', [plain, plain, plain]],
    [
      'all alike and not plain',
      [other, { ...other, dedupeKey: 'e' }, { ...other, dedupeKey: 'f' }],
    ],
    ['the last one of another kind', [plain, plain, other]],
    ['the first one of another kind', [other, plain, plain]],
    ['of two tenants', [plain, plain, { ...plain, tenantId: PLATFORM_TENANT_ID }]],
    ...[
      'priority',
      'scheduledAt',
      'dedupeKey',
      'rateKey',
      'domainKey',
      'correlationId',
      'traceparent',
    ].map((key): [string, Partial<JobRequest>[]] => [
      `other in ${key}`,
      [plain, oneOther(key), plain],
    ]),
  ];

  it.each(mixes)('each keep what they came with: %s', async (_what, some) => {
    const ids = await enqueue(some.map(asked));
    const expected = some.map((request, at) => kept(ids[at], request));
    expect(new Set(await stored())).toEqual(new Set(expected));
    await queue.empty();
    const named = some.map((request) => asked({ ...request, jobId: newId() }));
    await enqueue(named);
    const again = named.map(({ jobId, ...request }) => kept(jobId!, request));
    expect(new Set(await stored())).toEqual(new Set(again));
  });
});
