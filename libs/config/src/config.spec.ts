import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  base64,
  bool,
  ConfigError,
  defineConfig,
  int,
  json,
  list,
  oneOf,
  Secret,
  text,
  tierVariables,
  url,
} from './index.js';

const OLTP = {
  OLTP_DB_URL: 'postgresql://oltp_app:hunter2@127.0.0.1:5432/oltp',
  OLTP_DB_SYSTEM_URL: 'postgresql://oltp_system:hunter3@127.0.0.1:5432/oltp',
  OLTP_PORT: '8081',
  OLTP_METRICS_PORT: '9081',
  KAFKA_BROKERS: '127.0.0.1:9092, 127.0.0.1:9093',
  SERVICE_TOKEN_PUBLIC_KEYS: '{"gateway":"AAA=","queue":"BBB="}',
  PUBLIC_URL: 'http://127.0.0.1:8080/',
};

const problemsOf = (run: () => unknown): readonly string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('was accepted');
};

describe('Secret', () => {
  it('is revealed only by reveal()', () => {
    const secret = new Secret('hunter2');
    expect(secret.reveal()).toBe('hunter2');
    const texts = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }, { depth: 9 })];
    for (const printed of texts) {
      expect(printed).toContain('[secret]');
      expect(printed).not.toContain('hunter2');
    }
  });
});

describe('defineConfig', () => {
  it('gives a tier its shape, frozen all the way down', () => {
    const config = defineConfig(tierVariables('OLTP'), OLTP);
    expect(config.db.url.reveal()).toBe(OLTP.OLTP_DB_URL);
    expect(config.db.pooled).toBe(false);
    expect(config.http).toEqual({ host: '127.0.0.1', port: 8081 });
    expect(config.metrics).toEqual({ host: '127.0.0.1', port: 9081 });
    expect(config.kafka.brokers).toEqual(['127.0.0.1:9092', '127.0.0.1:9093']);
    expect(config.tokens.publicKeys.gateway).toBe('AAA=');
    expect(config.publicUrl).toBe('http://127.0.0.1:8080');
    for (const part of [config, config.db, config.kafka.brokers, config.tokens.publicKeys])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it('names every bad variable at once and never a value', () => {
    const env = { ...OLTP, OLTP_PORT: 'canary-a', PUBLIC_URL: 'canary-b', OLTP_DB_URL: '' };
    const problems = problemsOf(() => defineConfig(tierVariables('OLTP'), env));
    expect(problems).toEqual([
      'OLTP_DB_URL is not set',
      'OLTP_PORT is not an integer',
      'PUBLIC_URL is not a URL',
    ]);
    expect(new ConfigError(problems).message).not.toContain('canary');
  });

  it.each([
    ['int', int('V', { min: 1, max: 5 }), ['0', '6', '1.5', '1e3', ' 2', '0x3']],
    ['bool', bool('V'), ['maybe', '2']],
    ['url', url('V', ['http:']), ['ftp://x', 'x']],
    ['oneOf', oneOf('V', ['a', 'b']), ['c', 'A']],
    ['list', list('V'), ['a,,b', ',']],
    ['json', json('V', (value) => value), ['{', 'canary']],
    ['base64', base64('V', { bytes: 2 }), ['AA==', '!!', 'AAA']],
  ])('%s refuses what it does not mean', (_name, builder, values) => {
    for (const value of values) {
      const [problem] = problemsOf(() => defineConfig({ v: builder }, { V: value }));
      expect(problem).toMatch(/^V /);
      expect(problem).not.toContain('canary');
    }
  });

  it('takes defaults, leaves optional ones undefined, keeps a checked text as Secret', () => {
    const variables = {
      a: int('A').default(7),
      b: text('B').optional(),
      c: base64('C', { bytes: 1 }).secret(),
      d: text('D').secret().optional(),
      e: oneOf('E', ['x', 'y']).default('y'),
    };
    const config = defineConfig(variables, { C: 'AA==' });
    expect(config).toMatchObject({ a: 7, e: 'y' });
    expect(config.b).toBeUndefined();
    expect(config.d).toBeUndefined();
    expect(config.c.reveal()).toBe('AA==');
    expect(problemsOf(() => defineConfig(variables, { C: 'canary' }))).toHaveLength(1);
  });
});
