// npm run verify:outages [-- --seed S --only part/mode,…] [--mutants]: one JSON line per cell and a total.
import { parseArgs } from 'node:util';
import { type CellReport, reportOf, runCell } from './cell.ts';
import { proveMutants } from './mutants.ts';
import { type Cell, cellsOf } from './parts.ts';
import { shufflerOf } from './seed.ts';
import { startStage } from './stage.ts';

const { values } = parseArgs({
  options: {
    /** Order of cells and requests. */
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    /** Cells such as `content/paused,queue-db/slow`. */
    only: { type: 'string' },
    /** How long each fault lasts at least, in seconds. */
    hold: { type: 'string', default: '12' },
    /** Instead of running the cells, or those of `--only`: breaks the product and demands that the cells see it. */
    mutants: { type: 'boolean', default: false },
    'port-base': { type: 'string' },
  },
});

const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const seed = Number(values.seed);
const settings = { holdMs: Number(values.hold) * 1000, shuffle: shufflerOf(seed) };
const portBase = values['port-base'] === undefined ? undefined : Number(values['port-base']);

async function runCells(cells: readonly Cell[]): Promise<CellReport[]> {
  const stage = await startStage(portBase);
  const reports: CellReport[] = [];
  try {
    for (const cell of cells) {
      const began = performance.now();
      const report = await reportOf(cell, () => runCell(cell, stage, settings));
      say({ ...report, seed, seconds: Math.round((performance.now() - began) / 1000) });
      reports.push(report);
    }
  } finally {
    await stage.stop();
  }
  return reports;
}

/** 0 when no cell violated anything. */
function conclude(reports: readonly CellReport[]): number {
  const worst = (of: (report: CellReport) => number | null): number =>
    Math.max(0, ...reports.map((report) => of(report) ?? 0));
  const violations = reports.reduce((sum, report) => sum + report.violations.length, 0);
  say({
    cells: reports.length,
    answers: reports.reduce((sum, { answers }) => sum + answers, 0),
    emails: reports.reduce((sum, { emails }) => sum + emails, 0),
    longest_ms: worst(({ longest_ms }) => longest_ms),
    breaker_p50_ms: worst(({ breaker_p50_ms }) => breaker_p50_ms),
    catch_up_ms: worst(({ catch_up_ms }) => catch_up_ms),
    failed: reports.filter((report) => report.violations.length > 0).map(({ cell }) => cell),
    violations,
    seed,
  });
  return violations === 0 ? 0 : 1;
}

const code = values.mutants
  ? await proveMutants(portBase, settings, values.only, say)
  : conclude(await runCells(settings.shuffle(cellsOf(values.only))));

// Connections that a fault has left half open must not keep the process.
process.exit(code);
