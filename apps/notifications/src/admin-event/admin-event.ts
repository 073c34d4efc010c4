import type { EventData } from '@penguinmails/contracts';

/** The event as a reader may get it: a later version may know further severities. */
export type RaisedEvent = Omit<EventData<'penguinmails.system.event_raised.v1'>, 'severity'> & {
  readonly severity: string;
};

const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One curated event as it is written: equal `dedupe_key` while unresolved means one row. */
export interface AdminEventEntry {
  readonly event_type: string;
  readonly severity: Severity;
  readonly description: string;
  readonly details: Readonly<Record<string, string | null>>;
  readonly dedupe_key: string;
  readonly occurrences: number;
}

/** Makes the row of a raised event. A severity this version does not know is shown as a warning. */
export function adminEventOf(data: RaisedEvent): AdminEventEntry {
  return {
    event_type: data.event_type,
    severity: SEVERITIES.find((known) => known === data.severity) ?? 'warning',
    description: describe(data),
    details: { subject_kind: data.subject_kind, subject_id: data.subject_id, code: data.code },
    dedupe_key: data.fingerprint,
    occurrences: data.count,
  };
}

function describe(data: RaisedEvent): string {
  const { event_type, subject_kind, subject_id, code } = data;
  const what = event_type.replaceAll('_', ' ');
  const about = subject_id === null ? '' : ` (${subject_kind} ${subject_id})`;
  const reason = code === null ? '' : `: ${code.replaceAll('_', ' ')}`;
  return `${what}${about}${reason}`;
}
