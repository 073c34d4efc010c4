import { describe, expect, it } from '@jest/globals';
import { adminEventOf } from './admin-event.js';

const raised = {
  event_type: 'job_dead',
  severity: 'error',
  fingerprint: 'f'.repeat(32),
  subject_kind: 'job',
  subject_id: '0199-x',
  tenant_id: '00000000-0000-0000-0000-000000000000',
  code: 'smtp_timeout',
  count: 3,
};

describe('adminEventOf', () => {
  it('says in words what the slugs say', () => {
    expect(adminEventOf(raised)).toEqual({
      event_type: 'job_dead',
      severity: 'error',
      description: 'job dead (job 0199-x): smtp timeout',
      details: { subject_kind: 'job', subject_id: '0199-x', code: 'smtp_timeout' },
      dedupe_key: 'f'.repeat(32),
      occurrences: 3,
    });
  });

  it('shows a severity of a later version as a warning', () => {
    expect(adminEventOf({ ...raised, severity: 'apocalyptic' }).severity).toBe('warning');
  });

  it('leaves out what is not there', () => {
    expect(adminEventOf({ ...raised, subject_id: null, code: null }).description).toBe('job dead');
  });
});
