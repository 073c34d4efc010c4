import { fileURLToPath } from 'node:url';
import { runMigrateEntryPoint } from '@penguinmails/database/migrations';
import { readMigrateConfig } from './notifications.config.js';

const folder = (url: string): string => fileURLToPath(new URL('../migrations', url));

await runMigrateEntryPoint(
  'notifications',
  [folder(import.meta.resolve('@penguinmails/outbox')), folder(import.meta.url)],
  readMigrateConfig(),
);
