import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writePreload } from '../../mutants/source-change.ts';
import { NotInTime } from '../until.ts';
import { shortForm } from './form.ts';
import type { Mutant } from './mutants.ts';
import { verifyQueue } from './run.ts';

/** Replicas of the rules in the short run: guards between replicas need several. */
export const RULE_REPLICAS = 3;

/** Whether the run noticed a mutant, and by what. */
export interface Catch {
  readonly mutant: string;
  readonly caught: boolean;
  readonly signs: readonly string[];
  readonly seconds: number;
}

/** A part of the short run with the queue service broken. */
export async function catchMutant(mutant: Mutant, seed: number): Promise<Catch> {
  const directory = mkdtempSync(join(tmpdir(), 'penguinmails-mutant-'));
  const startedAt = performance.now();
  const preload = pathToFileURL(writePreload(directory, mutant.changes)).href;
  try {
    const signs = await signsOf(mutant, preload, seed);
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    return { mutant: mutant.name, caught: signs.length > 0, signs, seconds };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A round that does not come to rest is a sign as well; a service that does not start is none. */
async function signsOf(mutant: Mutant, preload: string, seed: number): Promise<readonly string[]> {
  const faults = mutant.noticedBy !== 'rules';
  const replicas = faults ? [] : [RULE_REPLICAS];
  const only = [mutant.noticedBy];
  try {
    const run = { form: shortForm, seed, mutant: [preload], replicas, faults, only };
    return (await verifyQueue(run)).violations;
  } catch (error) {
    if (error instanceof NotInTime) return [error.message];
    throw error;
  }
}
