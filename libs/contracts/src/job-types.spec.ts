import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ContractViolationError } from './contract-check.js';
import {
  isJobType,
  type JobPayload,
  jobTypeNames,
  jobTypes,
  retryDelayMs,
  validateJobPayload,
} from './job-types.js';

const HOUR_MS = 3_600_000;
const JOBS = join(import.meta.dirname, '../jobs');

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const folders = readdirSync(JOBS);

describe('the registry of job types', () => {
  it('has one entry for each folder', () => {
    expect(jobTypeNames).toEqual(folders);
    expect(folders.map((name) => jobTypes[name as 'send_email'].type)).toEqual(folders);
  });

  it('knows its types', () => {
    expect(isJobType('send_email')).toBe(true);
    expect(isJobType('toString')).toBe(false);
  });
});

describe('send_email', () => {
  const declaration = jobTypes.send_email;
  const delays = (random: () => number) =>
    declaration.backoffSeconds.map((_, index) => retryDelayMs('send_email', index + 1, random));
  const sum = (values: (number | null)[]) => values.reduce<number>((all, ms) => all + (ms ?? 0), 0);

  it('has 12 tries over about 72 hours, then no more', () => {
    expect(declaration.maxAttempts).toBe(12);
    expect(sum(delays(() => 0.5)) / HOUR_MS).toBeCloseTo(71.85, 2);
    expect(retryDelayMs('send_email', 12)).toBeNull();
    expect(retryDelayMs('send_email', 13)).toBeNull();
  });

  it('waits longer each time and never twice the same', () => {
    const waits = delays(() => 0.5);
    expect(waits).toEqual([...waits].sort((a, b) => Number(a) - Number(b)));
    expect(retryDelayMs('send_email', 1, () => 0)).toBe(51_000);
    expect(retryDelayMs('send_email', 1, () => 0.999_999)).toBe(69_000);
  });

  it('retries an unknown outcome once and bears 20 lost leases', () => {
    expect(declaration).toMatchObject({
      unknownRetries: 1,
      leaseLossLimit: 20,
      leaseMs: 30_000,
      heartbeatMs: 10_000,
    });
    expect(declaration.heartbeatMs * 2).toBeLessThan(declaration.leaseMs);
  });

  it('keeps the dead longest', () => {
    const { completed, cancelled, dead } = declaration.retentionDays;
    expect(dead).toBeGreaterThan(Math.max(completed, cancelled));
  });
});

describe('validateJobPayload', () => {
  const payload: JobPayload<'send_email'> = readJson(join(JOBS, 'send_email/examples/one.json'));

  it.each(folders)('accepts every example of %s', (name) => {
    const examples = join(JOBS, name, 'examples');
    for (const file of readdirSync(examples)) {
      expect(() =>
        validateJobPayload(name as 'send_email', readJson(join(examples, file))),
      ).not.toThrow();
    }
  });

  it.each([
    [{ ...payload, email_id: undefined }, '/ breaks required {"missingProperty":"email_id"}'],
    [{ ...payload, storage_key: 'cnt_x' }, '/storage_key breaks pattern'],
    [{ ...payload, to: 'a@b.test' }, '/ breaks additionalProperties {"additionalProperty":"to"}'],
    [null, '/ breaks type {"type":"object"}'],
  ])('refuses %j', (broken, rule) => {
    const validate = () => validateJobPayload('send_email', broken);
    expect(validate).toThrow(ContractViolationError);
    expect(validate).toThrow(`send_email: ${rule}`);
  });
});
