/** A tier's database that did not answer. */
export interface Down {
  down: string;
}

/** What a tier holds; undefined where it was asked and holds nothing. */
export type Known<T> = T | Down | undefined;

export interface EmailFacts {
  tenant_id: string;
  status: string;
  mode: string;
  sender: string;
  recipient: string;
  subject_length: number;
  storage_key: string;
  attempt: number;
  last_error_code: string | null;
  scheduled_at: Date | null;
  created_at: Date;
  sent_at: Date | null;
  finished_at: Date | null;
}

export interface ContentFacts {
  state: string;
  raw_size_bytes: number;
  compression: string;
  /** Bytes of each, in their order. */
  attachments: number[];
  created_at: Date;
  expires_at: Date | null;
}

export interface AttemptFacts {
  attempt: number;
  outcome: string;
  code: number | null;
  enhanced_code: string | null;
  error_code: string | null;
  /** ISO 8601. */
  finished_at: string;
}

export interface JobFacts {
  tenant_id: string;
  /** Where the job stands: in the queue, in the history, or buried. */
  place: 'queue' | 'history';
  status: string;
  outcome: string | null;
  attempts: number;
  max_attempts: number;
  scheduled_at: Date;
  lease_expires_at: Date | null;
  completed_at: Date | null;
  last_error_code: string | null;
  buried: boolean;
  tries: AttemptFacts[];
}

/** Aggregates of the e-mail's hour: this tier keeps no e-mail ids. */
export interface HourFacts {
  bucket: Date;
  accepted: number;
  delivered: number;
  bounced: number;
}

/** The day's summary of the e-mail's tenant. */
export interface DayFacts {
  day: string;
  delivered: number;
  bounced: number;
  summaries: number;
}

/** Events of this e-mail that stand still in a tier's database. */
export interface StandingEvents {
  unpublished: number;
  parked: number;
  last_error: string | null;
}

/** Everything that the five databases know of one e-mail. */
export interface EmailTrace {
  oltp: Known<EmailFacts>;
  content: Known<ContentFacts>;
  queue: Known<JobFacts>;
  olap: Known<HourFacts>;
  notifications: Known<DayFacts>;
  standing: Partial<Record<string, StandingEvents>>;
  /** OLTP's row, where its database answered and has one. */
  email: EmailFacts | undefined;
}

export const isDown = (known: Known<object>): known is Down =>
  known !== undefined && 'down' in known;

/** The facts themselves, where there are any. */
export const factsOf = <T extends object>(known: Known<T>): T | undefined =>
  known === undefined || isDown(known) ? undefined : (known as T);
