import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../../stack/ports.ts';
import { temporaryDirectory } from '../../test/test-parts.ts';
import { type CellReport, type CellSettings, runCell } from './cell.ts';
import { cellsOf } from './parts.ts';
import { startStage } from './stage.ts';

/** One rule of the product broken, and the cell that must notice. */
interface Mutant {
  readonly name: string;
  readonly apps: readonly App[];
  /** End of a compiled file's path. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
  readonly cell: string;
  /** What a violation of it says. */
  readonly sign: RegExp;
}

const BREAKER = 'libs/http/dist/tier-client/breaker.js';
const DEADLINE = 'libs/http/dist/tier-client/deadline.js';
const HEALTH = 'libs/observability/dist/health.js';

const mutants: readonly Mutant[] = [
  {
    name: 'no breaker',
    apps: ['gateway'],
    file: BREAKER,
    from: 'return this.#breaker.fire(call);',
    to: 'return call();',
    cell: 'content/paused',
    sign: /no breaker opens/,
  },
  {
    name: 'no deadline on the call of a tier',
    apps: ['gateway'],
    file: DEADLINE,
    from: 'new TierFailure(kind)), ms)',
    to: 'new TierFailure(kind)), ms + 10_000)',
    cell: 'content/paused',
    sign: /answered after \d+ ms/,
  },
  {
    name: 'no section may be missing',
    apps: ['gateway'],
    file: 'apps/gateway/dist/compose/section.js',
    from: 'if (!(error instanceof Problem))',
    to: 'if (error)',
    cell: 'queue/killed',
    sign: /getEmail: 503 .* instead of 200/,
  },
  {
    name: 'a section is missing silently',
    apps: ['gateway'],
    file: 'apps/gateway/dist/compose/email-view.js',
    from: "section?.status === 'unavailable'",
    to: 'false',
    cell: 'queue/killed',
    sign: /getEmail: a 200 that does not say that it is degraded/,
  },
  {
    name: 'an outage without Retry-After',
    apps: ['gateway'],
    file: 'libs/http/dist/problem/problems.js',
    from: 'retryAfter: TIER_RETRY_SECONDS,',
    to: '',
    cell: 'olap/killed',
    sign: /503 without Retry-After/,
  },
  {
    name: 'readiness looks at a neighbour',
    apps: ['notifications'],
    file: HEALTH,
    from: 'const checks = new Map();',
    to: 'const checks = new Map([["content", () => fetch(`http://127.0.0.1:${process.env.NOTIFICATIONS_METRICS_PORT - 3}/livez`)]]);',
    cell: 'content/killed',
    sign: /notifications turned unready/,
  },
  {
    name: 'a process dies with its database',
    apps: ['olap'],
    file: 'libs/database/dist/connection/pool-owner.js',
    from: "this.opened.on('error', onProblem);",
    to: '',
    cell: 'olap-db/killed',
    sign: /olap is another process/,
  },
  {
    name: 'keys do not count while oltp is down',
    apps: ['gateway'],
    file: 'apps/gateway/dist/access/key-directory.js',
    from: 'const STALE_MS = 3_600_000;',
    to: 'const STALE_MS = 0;',
    cell: 'oltp/killed',
    sign: /as if it needed oltp/,
  },
];

/** 0 when every mutant was caught, each on a stack of its own. */
export async function proveMutants(
  portBase: number | undefined,
  settings: CellSettings,
  say: (line: object) => void,
): Promise<number> {
  const survivors: string[] = [];
  for (const mutant of mutants) {
    const { violations } = await runMutant(mutant, portBase, settings);
    const signs = violations.filter((violation) => mutant.sign.test(violation));
    say({ mutant: mutant.name, cell: mutant.cell, caught: signs.length > 0, violations });
    if (signs.length === 0) survivors.push(mutant.name);
  }
  say({ mutants: mutants.length, survivors });
  return survivors.length === 0 ? 0 : 1;
}

async function runMutant(
  mutant: Mutant,
  portBase: number | undefined,
  settings: CellSettings,
): Promise<CellReport> {
  const directory = temporaryDirectory();
  const file = join(directory, 'mutant.mjs');
  writeFileSync(file, preloadOf(mutant));
  const preloads = mutant.apps.flatMap((app) => ['--preload', `${app}=${file}`]);
  const stage = await startStage(portBase, preloads);
  try {
    const [cell] = cellsOf(mutant.cell);
    if (!cell) throw new Error(`no cell for ${mutant.name}`);
    return await runCell(cell, stage, settings);
  } finally {
    await stage.stop();
    rmSync(directory, { recursive: true });
  }
}

/**
 * A module that changes one compiled file while it is loaded. A process in which the text does not stand
 * exactly once ends: else a mutant that is none any more would pass for caught, or for a survivor.
 */
function preloadOf({ file, from, to }: Mutant): string {
  const [end, before, after] = [`/${file}`, from, to].map((text) => JSON.stringify(text));
  return `import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith(${end})) return loaded;
    const parts = String(loaded.source).split(${before});
    if (parts.length !== 2) {
      process.stderr.write('the mutant does not fit ' + url);
      process.exit(70);
    }
    return { ...loaded, source: parts.join(${after}) };
  },
});
`;
}
