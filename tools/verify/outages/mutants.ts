import { rmSync } from 'node:fs';
import { type SourceChange, writePreload } from '../../mutants/source-change.ts';
import type { App } from '../../stack/ports.ts';
import { temporaryDirectory } from '../../test/test-parts.ts';
import { type CellReport, type CellSettings, reportOf, runCell } from './cell.ts';
import { cellsOf } from './parts.ts';
import { startStage } from './stage.ts';

/** One rule of the product broken, and the cell that must notice. */
interface Mutant extends SourceChange {
  readonly name: string;
  readonly apps: readonly App[];
  readonly cell: string;
  /** What a violation of it says. */
  readonly sign: RegExp;
}

const BREAKER = 'libs/http/dist/tier-client/breaker.js';
const DEADLINE = 'libs/http/dist/tier-client/deadline.js';
const HEALTH = 'libs/observability/dist/health.js';

export const mutants: readonly Mutant[] = [
  {
    name: 'no breaker',
    apps: ['gateway'],
    file: BREAKER,
    find: 'const { closed, pendingClose } = this.#breaker;',
    replace: 'return call(); const { closed, pendingClose } = this.#breaker;',
    cell: 'content/paused',
    sign: /no breaker opens/,
  },
  {
    name: 'no deadline on the call of a tier',
    apps: ['gateway'],
    file: DEADLINE,
    find: 'new TierFailure(kind)), ms)',
    replace: 'new TierFailure(kind)), ms + 10_000)',
    cell: 'content/paused',
    sign: /answered after \d+ ms/,
  },
  {
    name: 'no section may be missing',
    apps: ['gateway'],
    file: 'apps/gateway/dist/compose/section.js',
    find: 'if (!(error instanceof Problem))',
    replace: 'if (error)',
    cell: 'queue/killed',
    sign: /getEmail: 503 .* instead of 200/,
  },
  {
    name: 'a section is missing silently',
    apps: ['gateway'],
    file: 'apps/gateway/dist/compose/email-view.js',
    find: "section?.status === 'unavailable'",
    replace: 'false',
    cell: 'queue/killed',
    sign: /getEmail: a 200 that does not say that it is degraded/,
  },
  {
    name: 'an outage without Retry-After',
    apps: ['gateway'],
    file: 'libs/http/dist/problem/problems.js',
    find: 'retryAfter: TIER_RETRY_SECONDS,',
    replace: '',
    cell: 'olap/killed',
    sign: /503 without Retry-After/,
  },
  {
    name: 'readiness looks at a neighbour',
    apps: ['notifications'],
    file: HEALTH,
    find: 'const checks = new Map();',
    replace:
      'const checks = new Map([["content", () => fetch(`http://127.0.0.1:${process.env.NOTIFICATIONS_METRICS_PORT - 3}/livez`)]]);',
    cell: 'content/killed',
    sign: /notifications turned unready/,
  },
  {
    name: 'a process dies with its database',
    apps: ['olap'],
    file: 'libs/database/dist/connection/pool-owner.js',
    find: "this.opened.on('error', onProblem);",
    replace: '',
    cell: 'olap-db/killed',
    sign: /olap is another process/,
  },
  {
    name: 'keys do not count while oltp is down',
    apps: ['gateway'],
    file: 'apps/gateway/dist/access/key-directory.js',
    find: 'const STALE_MS = 3_600_000;',
    replace: 'const STALE_MS = 0;',
    cell: 'oltp/killed',
    sign: /as if it needed oltp/,
  },
];

/**
 * 0 when every mutant was caught, each on a stack of its own. One whose cell does not come to its end is
 * not: the machine may have been too busy.
 *
 * @param only cells such as `content/paused`; undefined: those of all mutants
 */
export async function proveMutants(
  portBase: number | undefined,
  settings: CellSettings,
  only: string | undefined,
  say: (line: object) => void,
): Promise<number> {
  const cells = only?.split(',');
  const wanted = mutants.filter(({ cell }) => cells?.includes(cell) ?? true);
  const survivors: string[] = [];
  for (const mutant of wanted) {
    const { violations } = await runMutant(mutant, portBase, settings);
    const signs = violations.filter((violation) => mutant.sign.test(violation));
    say({ mutant: mutant.name, cell: mutant.cell, caught: signs.length > 0, violations });
    if (signs.length === 0) survivors.push(mutant.name);
  }
  say({ mutants: wanted.length, survivors });
  return survivors.length === 0 ? 0 : 1;
}

async function runMutant(
  mutant: Mutant,
  portBase: number | undefined,
  settings: CellSettings,
): Promise<CellReport> {
  const directory = temporaryDirectory();
  const file = writePreload(directory, [mutant]);
  const preloads = mutant.apps.flatMap((app) => ['--preload', `${app}=${file}`]);
  const stage = await startStage(portBase, preloads);
  try {
    const [cell] = cellsOf(mutant.cell);
    if (!cell) throw new Error(`no cell for ${mutant.name}`);
    return await reportOf(cell, () => runCell(cell, stage, settings));
  } finally {
    await stage.stop();
    rmSync(directory, { recursive: true });
  }
}
