import type { ContenderDescription } from '../contender.ts';
import { bareSql } from './bare.ts';
import { bullMqPostgres, bullMqRedis } from './bullmq.ts';
import { graphileBatched, graphileShipped } from './graphile.ts';
import { ours } from './ours.ts';
import { oursOverHttp } from './ours-http.ts';
import { pgBossBatched, pgBossShipped, pgBossSingle } from './pg-boss.ts';

/** In the order of the table. */
const all: readonly ContenderDescription[] = [
  ours,
  graphileBatched,
  graphileShipped,
  pgBossBatched,
  pgBossSingle,
  pgBossShipped,
  bullMqPostgres,
  bullMqRedis,
  bareSql,
  oursOverHttp,
];

/** @param wanted beginnings of names, hyphens aside; empty: all. @throws Error when one fits nobody */
export function contendersNamed(wanted: readonly string[]): ContenderDescription[] {
  const fits = ({ name }: ContenderDescription, word: string): boolean =>
    plain(name).startsWith(plain(word));
  const stranger = wanted.find((word) => !all.some((each) => fits(each, word)));
  if (stranger) {
    throw new Error(
      `no contender "${stranger}"; there are ${all.map(({ name }) => name).join(', ')}`,
    );
  }
  if (wanted.length === 0) return [...all];
  return all.filter((each) => wanted.some((word) => fits(each, word)));
}

/** @throws Error when there is none */
export function contenderNamed(name: string): ContenderDescription {
  const found = all.find((each) => each.name === name);
  if (!found) throw new Error(`no contender "${name}"`);
  return found;
}

const plain = (name: string): string => name.replaceAll('-', '').toLowerCase();
