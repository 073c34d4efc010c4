import { readStackFile } from '../stack/stack-file.ts';
import { runJest } from './jest-stage.ts';
import type { Counts } from './stage.ts';
import { startTestStack } from './test-stack.ts';

const FILES = 'apps/e2e/test/.*[.]e2e[.]ts$';

/** The end-to-end tests against a whole product; `STACK_FILE` tells them where it is. */
export async function runEndToEnd(signal: AbortSignal): Promise<Counts> {
  const stack = await startTestStack(['--no-demo']);
  try {
    const args = ['--runInBand', '--testRegex', FILES];
    return await runJest(args, environmentFor(stack.file, stack.dataDirectory), signal);
  } finally {
    await stack.stop();
  }
}

/** The stack's own parts stand in for those that Jest's globalSetup would start. */
function environmentFor(file: string, dataDirectory: string): Record<string, string> {
  const description = readStackFile(dataDirectory);
  if (!description) throw new Error(`${file} has vanished`);
  return {
    STACK_FILE: file,
    TEST_POSTGRES_ADMIN_URL: description.databases.oltp.admin_url,
    TEST_KAFKA_BROKERS: description.kafka.brokers,
  };
}
