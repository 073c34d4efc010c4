import { runUntilSignal } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { createNotificationsApplication } from './notifications.application.js';
import { readNotificationsConfig } from './notifications.config.js';

const config = readNotificationsConfig();
const logger = createLogger('notifications');
const app = await createNotificationsApplication(config, logger);
await runUntilSignal(app, { logger, listen: config.http });
