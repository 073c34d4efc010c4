import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../stack/repository.ts';
import { readStackFile } from '../stack/stack-file.ts';
import { runJest } from './jest-stage.ts';
import { collectSpans } from './span-collector.ts';
import type { Counts } from './stage.ts';
import { temporaryDirectory } from './test-parts.ts';
import { startTestStack } from './test-stack.ts';

const FILES = '(apps/e2e/test|tools/verify)/.*[.]e2e[.]ts$';

/**
 * The end-to-end tests against a whole product of their own. `STACK_FILE` tells them where it is,
 * `SPANS_FILE` holds the spans of all its apps, one OTLP/JSON request a line.
 */
export async function runEndToEnd(signal: AbortSignal): Promise<Counts> {
  const place = temporaryDirectory();
  const spansFile = join(place, 'spans.jsonl');
  const collector = await collectSpans(spansFile);
  try {
    return await runAgainstStack(spansFile, collector.environment, signal);
  } finally {
    collector.stop();
    rmSync(place, { recursive: true });
  }
}

async function runAgainstStack(
  spansFile: string,
  telemetry: Record<string, string>,
  signal: AbortSignal,
): Promise<Counts> {
  // What is personal must not be in the logs even at their most talkative.
  const stack = await startTestStack(['--no-demo'], { ...telemetry, LOG_LEVEL: 'debug' });
  try {
    const environment = { ...environmentFor(stack.dataDirectory), SPANS_FILE: spansFile };
    const args = ['--runInBand', '--testRegex', FILES];
    const counts = await runJest(args, { ...environment, STACK_FILE: stack.file }, signal);
    if (counts.failed > 0) keepLogs(stack.dataDirectory);
    return counts;
  } finally {
    await stack.stop();
  }
}

/** What the parts logged, for a person: the data directory goes with the stage. */
function keepLogs(dataDirectory: string): void {
  const kept = join(root, '.data', 'e2e-logs');
  rmSync(kept, { recursive: true, force: true });
  cpSync(join(dataDirectory, 'logs'), kept, { recursive: true });
  process.stderr.write(`the logs of all parts are kept in ${kept}\n`);
}

/** The stack's own parts stand in for those that Jest's globalSetup would start. */
function environmentFor(dataDirectory: string): Record<string, string> {
  const description = readStackFile(dataDirectory);
  if (!description) throw new Error('the stack has gone');
  return {
    TEST_POSTGRES_ADMIN_URL: description.databases.oltp.admin_url,
    TEST_KAFKA_BROKERS: description.kafka.brokers,
  };
}
