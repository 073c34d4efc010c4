import type { Arrival } from '../../stack/smtp/message-store.ts';

/** oltp: one accepted e-mail. */
export interface EmailRow {
  id: string;
  tenantId: string;
  recipient: string;
  status: string;
  messageId: string;
  storageKey: string;
  wasSent: boolean;
}

/** content: one stored body. */
export interface ContentRow {
  storageKey: string;
  state: string;
  text: string | null;
}

/** queue: one finished job; its id is the e-mail's. */
export interface JobRow {
  id: string;
  status: string;
  outcome: string;
  attempts: number;
  maxAttempts: number;
  leaseLosses: number;
  /** Tries that ended as `unknown`. */
  unknowns: number;
  /** Rows of job_attempts, and the try that completed the job, which stands in its history. */
  tries: number;
}

/** queue: one unfinished job. */
export interface HotJob {
  id: string;
  status: 'pending' | 'running';
  leasedBy: string | null;
  attempts: number;
  unknowns: number;
  leaseLosses: number;
  /** Running, and its lease ran out more than 5 s ago. */
  overdue: boolean;
}

/** Sums over the tenants of a round. */
export type Counters = Record<
  | 'activity.accepted'
  | 'activity.sent'
  | 'activity.delivered'
  | 'billing.sent'
  | 'billing.delivered'
  | 'summary.delivered',
  number
>;

/** What five databases and the sink hold about the tenants of a round. */
export interface Facts {
  emails: EmailRow[];
  contents: ContentRow[];
  jobs: JobRow[];
  hot: HotJob[];
  counters: Counters;
  /** Over all tenants. */
  backlog: { outbox: number; parked: number; dead: number };
  arrivals: Arrival[];
}
