import { runUntilSignal } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { createWorkerApplication } from './worker.application.js';
import { readWorkerConfig } from './worker.config.js';

const config = readWorkerConfig();
const logger = createLogger('worker');
const app = await createWorkerApplication(config, logger);
await runUntilSignal(app, { logger });
