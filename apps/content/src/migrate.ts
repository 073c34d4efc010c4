import { runMigrateEntryPoint } from '@penguinmails/database';

await runMigrateEntryPoint('content', [new URL('../migrations', import.meta.url).pathname]);
