import type { ContentState } from '../content/content-state.js';

/** Times of one unattached content, all by the database's clock. */
export interface ReapCandidate {
  readonly state: ContentState;
  readonly stateChangedAt: Date;
  readonly askedAt: Date | null;
  readonly deniedAt: Date | null;
}

/** How long each step waits, in seconds. */
export interface ReaperGraces {
  /** how long a content may wait for its e-mail */
  readonly pending: number;
  /** how long a denial must have stood before anything is deleted */
  readonly denied: number;
  /** when a question without an answer is put again */
  readonly askAgain: number;
}

export type ReapDecision = 'keep' | 'condemn' | 'ask_again' | 'delete';

/**
 * What to do with a content that no e-mail has claimed. Nothing is deleted on this tier's word alone:
 * oltp must have denied the key, the denial must have stood for a second grace in which a late claim
 * could arrive, and the consumer that would bring the claim must be nearer to the head of its topics
 * than that grace. With Kafka down no answer comes and the lag is unknown, so everything is kept.
 * @param lagSeconds age of the oldest claim not yet read; undefined when it is not known
 */
export function decideReap(
  content: ReapCandidate,
  now: Date,
  graces: ReaperGraces,
  lagSeconds: number | undefined,
): ReapDecision {
  switch (content.state) {
    case 'pending':
      return isOver(content.stateChangedAt, graces.pending, now) ? 'condemn' : 'keep';
    case 'condemned':
      return decideCondemned(content, now, graces, lagSeconds);
    case 'attached':
    case 'archived':
      return 'keep';
  }
}

function decideCondemned(
  { askedAt, deniedAt }: ReapCandidate,
  now: Date,
  graces: ReaperGraces,
  lagSeconds: number | undefined,
): ReapDecision {
  if (deniedAt === null) return isOver(askedAt, graces.askAgain, now) ? 'ask_again' : 'keep';
  const readEnough = lagSeconds !== undefined && lagSeconds < graces.denied;
  return readEnough && isOver(deniedAt, graces.denied, now) ? 'delete' : 'keep';
}

function isOver(since: Date | null, seconds: number, now: Date): boolean {
  return since !== null && now.getTime() - since.getTime() >= seconds * 1000;
}
