import { runUntilSignal } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { createOltpApplication } from './oltp.application.js';
import { readOltpConfig } from './oltp.config.js';

const config = readOltpConfig();
const logger = createLogger('oltp');
const app = await createOltpApplication(config, logger);
await runUntilSignal(app, { logger, listen: config.http });
