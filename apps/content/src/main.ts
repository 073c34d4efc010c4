import { runUntilSignal } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { createContentApplication } from './content.application.js';
import { readContentConfig } from './content.config.js';

const config = readContentConfig();
const logger = createLogger('content');
const app = await createContentApplication(config, logger);
await runUntilSignal(app, { logger, listen: config.http });
