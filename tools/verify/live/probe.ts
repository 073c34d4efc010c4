import type { World } from './world.ts';

/** How much a run does: short within `npm test`, long in `npm run verify:isolation`. */
export interface Volume {
  /** Pairs of requests whose times are compared; 0: times are not looked at. */
  readonly timedPairs: number;
  readonly fuzzedRequests: number;
  /** Events of two tenants interleaved. */
  readonly interleavedEvents: number;
}

export const short: Volume = { timedPairs: 0, fuzzedRequests: 300, interleavedEvents: 600 };
/** What a mutant is looked for with. */
export const forMutants: Volume = { ...short, timedPairs: 300 };
export const long: Volume = {
  timedPairs: 1_000,
  fuzzedRequests: 10_000,
  interleavedEvents: 10_000,
};

/** One attack on a running product; answers what it saw that must not be, nothing when all is well. */
export interface LiveProbe {
  /** Numbers in reference/tenancy.md, section 7. */
  readonly numbers: readonly number[];
  readonly name: string;
  run(world: World, volume: Volume): Promise<string[]>;
}

export interface LiveFinding {
  readonly probe: number;
  readonly what: string;
  /** The probe could not be run to its end: wrong as well, but no sign of a leak. */
  readonly broken?: true;
}

/** Runs the probes one after the other. A probe that cannot be run is a finding as well. */
export async function runProbes(
  probes: readonly LiveProbe[],
  world: World,
  volume: Volume,
): Promise<LiveFinding[]> {
  const findings: LiveFinding[] = [];
  for (const { numbers, name, run } of probes) {
    const [probe = 0] = numbers;
    try {
      const seen = await run(world, volume);
      findings.push(...seen.map((what) => ({ probe, what: `${name}: ${what}` })));
    } catch (error) {
      findings.push({ probe, what: `${name}: broke off: ${String(error)}`, broken: true });
    }
  }
  return findings;
}
