import { accessProbes } from './access.ts';
import { foreignIdProbes } from './foreign-ids.ts';
import { fuzzProbes } from './fuzz.ts';
import { gatheredProbes } from './gathered.ts';
import { listProbes } from './lists.ts';
import type { LiveProbe } from './probe.ts';

/** The REST part of reference/tenancy.md section 7, for the routes that exist. */
export const restProbes: readonly LiveProbe[] = [
  ...foreignIdProbes,
  ...listProbes,
  ...accessProbes,
  ...gatheredProbes,
  ...fuzzProbes,
];
