import { expect } from '@jest/globals';
import type { Answer, ProblemBody } from './api.js';

const FIELDS = [
  'type',
  'title',
  'status',
  'detail',
  'instance',
  'code',
  'request_id',
  'retryable',
  'tier',
  'errors',
];

/** Refused as every refusal must look (RFC 9457), with this status and code. */
export function expectProblem(answer: Answer<unknown>, status: number, code: string): void {
  const body = answer.body as ProblemBody;
  expect([answer.status, body?.code]).toEqual([status, code]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-powered-by')).toBeNull();
  expect(body).toMatchObject({
    type: `urn:penguinmails:problem:${code}`,
    title: expect.any(String),
    status,
    instance: expect.stringMatching(/^\/[^?]*$/),
    request_id: answer.headers.get('x-request-id'),
    retryable: status === 503 || expect.any(Boolean),
  });
  expect(Object.keys(body).filter((field) => !FIELDS.includes(field))).toEqual([]);
  expect(answer.bytes.toString()).not.toContain('evil@injected.test');
}

/** A refused body: 422 that points at the field. */
export function expectPointer(answer: Answer<unknown>, pointer: string, code: string): void {
  expectProblem(answer, 422, 'validation_failed');
  const { errors } = answer.body as ProblemBody;
  expect(errors).toContainEqual(expect.objectContaining({ pointer, code }));
}
