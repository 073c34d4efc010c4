import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ContractViolationError } from './contract-check.js';
import {
  isJobType,
  type JobPayload,
  jobTypeNames,
  jobTypes,
  validateJobPayload,
} from './job-types.js';

const HOUR_S = 3600;
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
  const { backoffSeconds, jitter } = declaration;

  it('has 12 tries over about 72 hours', () => {
    expect(declaration.maxAttempts).toBe(12);
    expect(backoffSeconds).toHaveLength(11);
    expect(backoffSeconds.reduce((sum, wait) => sum + wait, 0) / HOUR_S).toBeCloseTo(71.85, 2);
  });

  it('waits longer each time and spreads its tries evenly around the wait', () => {
    expect(backoffSeconds).toEqual([...backoffSeconds].sort((a, b) => a - b));
    expect(jitter.min).toBeLessThan(jitter.max);
    expect((jitter.min + jitter.max) / 2).toBeCloseTo(1, 6);
  });

  it('retries an unknown outcome once and bears 20 lost leases', () => {
    expect(declaration).toMatchObject({
      unknownRetries: 1,
      leaseLossLimit: 20,
      leaseMs: 26_000,
      heartbeatMs: 10_000,
    });
    expect(declaration.heartbeatMs * 2).toBeLessThan(declaration.leaseMs);
  });

  it('keeps the dead longest', () => {
    const { completed, cancelled, dead } = declaration.retentionDays;
    expect(dead).toBeGreaterThan(Math.max(completed, cancelled));
  });
});

describe('what a type says about itself', () => {
  it('is that mail alone tells oltp of its outcomes', () => {
    const reporting = Object.values(jobTypes).filter(({ reports }) => reports === 'delivery');
    expect(reporting.map(({ type }) => type)).toEqual(['send_email']);
  });

  it('has a schedule only where an empty payload will do', () => {
    const scheduled = Object.values(jobTypes).filter(({ schedule }) => schedule !== null);
    expect(scheduled.map(({ type }) => type)).toEqual(['maintenance']);
    for (const { type } of scheduled)
      expect(() => validateJobPayload(type as 'maintenance', {})).not.toThrow();
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

  it.each([
    [{}, '/ breaks required {"missingProperty":"filter"}'],
    [{ filter: { ids: [] } }, '/filter/ids breaks minItems'],
    [{ filter: { outcome: 'delivered' } }, '/filter/outcome breaks enum'],
    [{ filter: { recipient: 'x' } }, '/filter breaks additionalProperties'],
  ])('refuses to redrive %j', (broken, rule) => {
    const validate = () => validateJobPayload('dead_letters_redrive', broken);
    expect(validate).toThrow(`dead_letters_redrive: ${rule}`);
  });
});
