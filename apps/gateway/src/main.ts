import { runUntilSignal } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { createGatewayApplication } from './gateway.application.js';
import { readGatewayConfig } from './gateway.config.js';

const config = readGatewayConfig();
const logger = createLogger('gateway');
const app = await createGatewayApplication(config, logger);
await runUntilSignal(app, { logger, listen: config.http });
