import { fileURLToPath } from 'node:url';
import { runMigrateEntryPoint } from '@penguinmails/database/migrations';
import { readMigrateConfig } from './queue.config.js';

const folder = (url: string): string => fileURLToPath(new URL('../migrations', url));

await runMigrateEntryPoint(
  'queue',
  [folder(import.meta.resolve('@penguinmails/outbox')), folder(import.meta.url)],
  readMigrateConfig(),
);
