import { describe, expect, test } from '@jest/globals';
import {
  isCheckViolation,
  isForeignKeyViolation,
  isInfrastructure,
  isRefusedValue,
  isTransient,
  isUniqueViolation,
  sqlState,
} from './pg-errors.js';

const server = (code: string, constraint?: string) =>
  Object.assign(new Error('server'), { code, constraint, severity: 'ERROR' });

describe('errors of the database', () => {
  test('are known by SQLSTATE, also inside the errors of TypeORM and of others', () => {
    const wrapped = Object.assign(new Error('x'), { driverError: server('23505', 'users_email') });
    expect(isUniqueViolation(wrapped, 'users_email')).toBe(true);
    expect(isUniqueViolation(wrapped, 'users_pkey')).toBe(false);
    expect(isForeignKeyViolation(new Error('x', { cause: server('23503') }))).toBe(true);
    expect(isCheckViolation(server('23514', 'c'), 'c')).toBe(true);
    expect(sqlState('no error at all')).toBeUndefined();
  });

  test.each(['22001', '22P02', '23505', '23514'])('%s refuses a value', (code) => {
    expect(isRefusedValue(server(code))).toBe(true);
  });

  test.each([server('40P01'), server('57014'), server('08006'), new Error('23505'), undefined])(
    'refuses no value: %s',
    (error) => {
      expect(isRefusedValue(error)).toBe(false);
    },
  );

  test.each(['40001', '40P01'])('%s may be retried', (code) => {
    expect(isTransient(server(code))).toBe(true);
    expect(isInfrastructure(server(code))).toBe(false);
  });

  test.each(['08006', '53300', '57P01'])('%s is infrastructure', (code) => {
    expect(isInfrastructure(server(code))).toBe(true);
    expect(isTransient(server(code))).toBe(false);
  });

  test.each([
    Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    new Error('outer', { cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }) }),
  ])('a broken connection is infrastructure: %s', (error) => {
    expect(isInfrastructure(error)).toBe(true);
  });

  test.each([server('57014'), server('23505'), new Error('anything'), undefined, 'text'])(
    'is not infrastructure: %s',
    (error) => {
      expect(isInfrastructure(error)).toBe(false);
    },
  );

  test('a cause that leads back to itself ends the search', () => {
    const loop: Error & { cause?: unknown } = new Error('loop');
    loop.cause = loop;
    expect(isInfrastructure(loop)).toBe(false);
  });
});
