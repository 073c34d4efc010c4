const outcomeClasses = [
  'delivered',
  'deferred',
  'bounced',
  'failed',
  'unknown',
  'cancelled',
] as const;

export type OutcomeClass = (typeof outcomeClasses)[number];

/** Whether a class is one that this version knows; later ones may add to the list. */
export function isOutcomeClass(text: string): text is OutcomeClass {
  return (outcomeClasses as readonly string[]).includes(text);
}

/** One item of delivery.recorded. */
export interface Outcome {
  readonly attempt: number;
  readonly class: OutcomeClass;
  /** The queue will not try again. */
  readonly final: boolean;
  readonly code: number | null;
  readonly enhancedCode: string | null;
  readonly errorCode: string | null;
}

/** The whole message was with the next server, or may have been. */
export function handedOver(outcome: OutcomeClass): boolean {
  return outcome === 'delivered' || outcome === 'bounced' || outcome === 'unknown';
}

/** For `emails.last_error_code`: the slug, else the reply code, as `smtp_<code>`. */
export function errorCodeOf({ class: kind, code, errorCode }: Outcome): string | null {
  if (kind === 'delivered') return null;
  if (kind === 'unknown') return 'outcome_unknown';
  return errorCode ?? (code === null ? null : `smtp_${code}`);
}

/**
 * The address itself is wrong for good: permanent failure with an addressing status (RFC 3463
 * X.1.x). Other 5xx replies speak about this message or this sender and suppress nobody.
 */
export function isHardBounce({ class: kind, code, enhancedCode }: Outcome): boolean {
  return kind === 'bounced' && code !== null && code >= 500 && /^5\.1\.\d/.test(enhancedCode ?? '');
}
