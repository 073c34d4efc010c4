import { describe, expect, it } from '@jest/globals';
import type { FinishResult } from './finish-result.js';
import { resultColumns } from './result-columns.js';

const result = (more: Partial<FinishResult>): FinishResult => ({
  tenant_id: 'a',
  job_id: '1',
  lease_token: 't',
  kind: 'delivered',
  code: null,
  enhanced_code: null,
  error_code: null,
  reply: null,
  started_at: 'then',
  finished_at: 'now',
  ...more,
});

describe('resultColumns', () => {
  it('names each lease of a tenant once, and each result by the number of its own', () => {
    const leases = [
      { tenant_id: 'a', lease_token: 't' },
      { tenant_id: 'b', lease_token: 't' },
      { tenant_id: 'a', lease_token: 'u' },
      { tenant_id: 'b', lease_token: 't' },
    ];
    const [tenants, tokens, numbers] = resultColumns(leases.map(result));
    expect([tenants, tokens, numbers]).toEqual([
      ['a', 'b', 'a'],
      ['t', 't', 'u'],
      [1, 2, 3, 2],
    ]);
  });

  it('leaves details out that nobody has, and gives the others a place for each result', () => {
    const mail = result({ job_id: '2', code: 250, reply: '250 ok for x@y.example' });
    expect(resultColumns([result({}), mail]).slice(3)).toEqual([
      ['1', '2'],
      ['delivered', 'delivered'],
      [null, 250],
      [],
      [],
      [null, '250 ok for <address>'],
      ['then', 'then'],
      ['now', 'now'],
    ]);
  });
});
