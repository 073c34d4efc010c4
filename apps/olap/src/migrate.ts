import { fileURLToPath } from 'node:url';
import { runMigrateEntryPoint } from '@penguinmails/database/migrations';
import { readMigrateConfig } from './olap.config.js';

const folder = (url: string): string => fileURLToPath(new URL('../migrations', url));

await runMigrateEntryPoint(
  'olap',
  [folder(import.meta.resolve('@penguinmails/outbox')), folder(import.meta.url)],
  readMigrateConfig(),
);
