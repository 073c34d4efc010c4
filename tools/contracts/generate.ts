import { join } from 'node:path';
import { check, generate } from './generator.ts';

// `npm run generate:contracts` and `npm run generate:contracts:check`.
const ROOT = join(import.meta.dirname, '../..');
const faults = await (process.argv.includes('--check') ? check : generate)(ROOT);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
