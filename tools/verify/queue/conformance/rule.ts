import type { Bench } from './bench.ts';

/** Something that the queue promises, however many replicas there are. */
export interface Rule {
  readonly name: string;
  /** It is about times of a second and less: it takes little to spoil them. */
  readonly isHasty?: true;
  /** @throws Broken */
  readonly check: (bench: Bench) => Promise<void>;
}

/** The queue does not do what the rule says. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** @throws Broken with what was found */
export function holds(is: boolean, otherwise: string): void {
  if (!is) throw new Broken(otherwise);
}

export function same(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  holds(a === b, `${what}: ${a?.slice(0, 300)} instead of ${b?.slice(0, 300)}`);
}
