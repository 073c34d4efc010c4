import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../stack/repository.ts';
import type { Counts } from './stage.ts';
import { inheritedEnvironment } from './test.config.ts';

/** The part of Jest's JSON report that is counted. */
interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  /** Files that could not be loaded: their tests are in neither number. */
  numRuntimeErrorTestSuites: number;
}

/**
 * Runs Jest once, its progress on stderr, and counts single tests. A file that does not load counts
 * as one failed test; so does a Jest that leaves no report, or that fails with every test passed.
 */
export async function runJest(
  args: readonly string[],
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<Counts> {
  const directory = mkdtempSync(join(tmpdir(), 'penguinmails-jest-'));
  const report = join(directory, 'report.json');
  const jest = ['run', '--silent', 'jest', '--', ...args, '--json', `--outputFile=${report}`];
  const stdio: ['ignore', 'ignore', 'inherit'] = ['ignore', 'ignore', 'inherit'];
  const child = spawn('npm', jest, {
    cwd: root,
    env: { ...inheritedEnvironment(), ...env },
    signal,
    stdio,
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  const counts = existsSync(report)
    ? countReport(JSON.parse(readFileSync(report, 'utf8')) as JestReport)
    : { passed: 0, failed: 0 };
  rmSync(directory, { recursive: true });
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

export const countReport = (report: JestReport): Counts => ({
  passed: report.numPassedTests,
  failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
});
