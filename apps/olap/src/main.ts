import { runUntilSignal } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { createOlapApplication } from './olap.application.js';
import { readOlapConfig } from './olap.config.js';

const config = readOlapConfig();
const logger = createLogger('olap');
const app = await createOlapApplication(config, logger);
await runUntilSignal(app, { logger, listen: config.http });
