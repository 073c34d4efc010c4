import type { KeyRule } from './key-rules.js';
import type { Tier } from './tiers.js';

/** What `events/<name>/meta.json` says about one event type. */
export interface EventDeclaration {
  /** Full CloudEvents type, `penguinmails.<entity>.<past-tense>.v<N>`. */
  readonly type: string;
  readonly summary: string;
  /** The tier that may write it; `any`: each tier, on a topic of its own. */
  readonly owner: Tier | 'any';
  /** Name of the topic; `<tier>` stands for the writing tier where the owner is `any`. */
  readonly topic: string;
  readonly key: KeyRule;
  readonly consumers: readonly Tier[];
  readonly visibility: 'public' | 'internal';
  /** pseudonymous: ids that only our databases resolve to a person; operational: no person. */
  readonly classification: 'pseudonymous' | 'operational';
  readonly retentionDays: number;
}
