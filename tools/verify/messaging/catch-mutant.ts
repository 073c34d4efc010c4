import type { Role } from './actor.ts';
import type { Mutant } from './mutants/mutants.ts';
import type { PhaseReport } from './phases.ts';
import { verifyRun } from './verify-run.ts';

/** Whether the run noticed a mutant, and by what. */
export interface Catch extends PhaseReport {
  readonly mutant: string;
  readonly sign: string;
  readonly caught: boolean;
}

/** Runs the mutant's phase with its wrong modules in place of the product's. */
export async function catchMutant(mutant: Mutant, seed: number): Promise<Catch> {
  const [report] = await verifyRun({
    seed,
    phases: [mutant.phase],
    preloads: preloadsOf(mutant),
  });
  if (!report) throw new Error('no phase was run');
  const { name, sign } = mutant;
  return { mutant: name, sign, caught: Number(report[sign]) > 0, ...report };
}

function preloadsOf({ replaces }: Mutant): Partial<Record<Role, string[]>> {
  const preloads: Partial<Record<Role, string[]>> = {};
  for (const { role, library, module, by } of replaces) {
    const url = new URL('mutants/replace-module.ts', import.meta.url);
    url.search = new URLSearchParams({ library, module, by }).toString();
    (preloads[role] ??= []).push(url.href);
  }
  return preloads;
}
