import { Writable } from 'node:stream';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '@penguinmails/config';
import { createLogger } from './logger.js';
import { NestLogger } from './nest-logger.js';
import { scrubLine } from './redaction.js';

let lines: string[] = [];
const destination = new Writable({
  write(chunk, _encoding, done) {
    lines.push(String(chunk));
    done();
  },
});
const logger = createLogger('probe', { level: 'trace', destination });
const last = () => JSON.parse(lines.at(-1) ?? '{}');

beforeEach(() => {
  lines = [];
});

const CANARIES = ['canary-secret', 'anna@example.test', 'pm_live_AbC_dEf', 'eyJhbGci.eyJzdWIi.x_y'];
const expectClean = (): void => {
  const all = lines.join('');
  for (const canary of CANARIES) expect(all).not.toContain(canary);
};

describe('createLogger', () => {
  it('writes one JSON line with service, level word and time', () => {
    logger.info({ email_id: 'e-1', count: 2 }, 'sent');
    expect(last()).toMatchObject({
      service: 'probe',
      level: 'info',
      msg: 'sent',
      email_id: 'e-1',
      count: 2,
    });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('keeps one record on one line', () => {
    logger.info({ code: 'a\n{"level":"fatal"}' }, 'x\r\n{"level":"fatal"}');
    expect(lines).toHaveLength(1);
    expect(lines[0].trimEnd()).not.toMatch(/[\r\n]/);
  });

  it.each([
    { password: 'canary-secret' },
    { headers: { authorization: 'Bearer canary-secret' } },
    { job: { payload: { to: 'canary-secret' } } },
    { jobs: [{ recipient: 'canary-secret' }, { Reply_To: 'canary-secret' }] },
    { a: { b: { c: { subject: ['canary-secret'] } } } },
    { a: { b: { c: { d: { e: { f: { g: 'canary-secret' } } } } } } },
    { 'api-key': 'canary-secret' },
    { storage_key: 'canary-secret' },
    { config: { url: new Secret('canary-secret') } },
    { note: 'mail to anna@example.test bounced' },
    { note: 'key pm_live_AbC_dEf and eyJhbGci.eyJzdWIi.x_y' },
  ])('never writes what is secret or personal: %j', (fields) => {
    logger.warn(fields, 'anna@example.test');
    expectClean();
    expect(lines).toHaveLength(1);
  });

  it('writes errors by class, code, message, stack and cause, and nothing else of them', () => {
    const cause = Object.assign(new Error('duplicate key for anna@example.test'), {
      code: '23505',
      detail: 'Key (email)=(canary-secret) already exists.',
      parameters: ['canary-secret'],
    });
    logger.error({ err: new Error('could not save', { cause }) }, 'failed');
    expect(last().err).toMatchObject({
      type: 'Error',
      message: 'could not save',
      cause: { code: '23505', message: 'duplicate key for [address]' },
    });
    expect(last().err.stack).toContain('logger.spec');
    logger.error(cause);
    expectClean();
  });

  it('survives circles, getters that throw nothing, and null', () => {
    const circle: Record<string, unknown> = { id: 1 };
    circle.self = circle;
    logger.info({ circle, nothing: null, missing: undefined }, 'ok');
    expect(last()).toMatchObject({ msg: 'ok', nothing: null });
  });
});

describe('scrubLine', () => {
  it('stays linear on hostile lines', () => {
    const before = process.cpuUsage();
    for (const part of ['a', '@', 'a@', 'a.a@', 'pm_live_', 'eyJ', 'eyJ.'])
      scrubLine(part.repeat(200_000));
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(3000);
  });

  it('leaves paths of packages alone', () => {
    const line = 'at file:///x/node_modules/@nestjs/core/index.js';
    expect(scrubLine(line)).toBe(line);
  });
});

describe('NestLogger', () => {
  it('takes Nest’s order of arguments', () => {
    const nest = new NestLogger(logger);
    nest.log('mapped', 'RouterExplorer');
    expect(last()).toMatchObject({ level: 'info', msg: 'mapped', context: 'RouterExplorer' });
    nest.error('failed', 'Error: failed\n at x', 'Injector');
    expect(last()).toMatchObject({
      level: 'error',
      context: 'Injector',
      stack: 'Error: failed\n at x',
    });
    nest.error(new Error('thrown'), 'ExceptionsHandler');
    expect(last()).toMatchObject({ msg: 'thrown', err: { message: 'thrown' } });
    nest.verbose({ some: 'object' });
    expect(last().level).toBe('trace');
  });
});
