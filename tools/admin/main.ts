// npm run admin -- email trace <id> [--data-dir DIR]
import { parseArgs } from 'node:util';
import { readDatabaseUrls } from './admin.config.ts';
import { traceEmail } from './email-trace.ts';
import { printTrace } from './print-trace.ts';

const USAGE = `npm run admin -- email trace <id> [--data-dir DIR]
  what each tier's database knows of one e-mail, and what is missing
  databases: those of the running stack, else <TIER>_DB_MIGRATOR_URL of all five tiers
`;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'data-dir': { type: 'string' } },
});

async function main([subject, verb, id = '']: string[]): Promise<number> {
  if (subject !== 'email' || verb !== 'trace' || !UUID.test(id)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const trace = await traceEmail(readDatabaseUrls(values['data-dir']), id.toLowerCase());
  process.stdout.write(printTrace(id, trace));
  return trace.email === undefined ? 1 : 0;
}

try {
  process.exitCode = await main(positionals);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
