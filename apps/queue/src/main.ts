import { runUntilSignal } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { createQueueApplication } from './queue.application.js';
import { readQueueConfig } from './queue.config.js';

const config = readQueueConfig();
const logger = createLogger('queue');
const app = await createQueueApplication(config, logger);
await runUntilSignal(app, { logger, listen: config.http });
