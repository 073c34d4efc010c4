import { startTelemetry } from '@penguinmails/observability';

await startTelemetry({ service: 'gateway' });
