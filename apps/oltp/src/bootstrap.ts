import { openDatabase, tierDatabaseSettings } from '@penguinmails/database';
import { ApiKeyRepository } from './api-key/api-key.repository.js';
import { AuditRepository } from './audit/audit.repository.js';
import { entities } from './oltp.entities.js';
import { readBootstrapConfig } from './oltp.config.js';
import { BootstrapPlatform } from './platform/bootstrap-platform.js';
import { TenantRepository } from './tenant/tenant.repository.js';

/**
 * Makes the platform tenant and its first key, and prints `{"platform_key": "pm_platform_…"}`; null
 * when there is a key already. With `--replace` all keys before it are revoked.
 */
const database = openDatabase(tierDatabaseSettings('oltp', readBootstrapConfig().db, { entities }));
try {
  const bootstrap = new BootstrapPlatform(
    database.tenants,
    new TenantRepository(),
    new ApiKeyRepository(),
    new AuditRepository(),
  );
  const platform_key = await bootstrap.execute({ replace: process.argv.includes('--replace') });
  process.stdout.write(`${JSON.stringify({ platform_key })}\n`);
} catch (error) {
  // One line for whoever started this; the driver's error would print the statement's surroundings.
  const message = error instanceof Error ? error.message : 'unknown error';
  process.stderr.write(`${JSON.stringify({ tier: 'oltp', error: message })}\n`);
  process.exitCode = 1;
} finally {
  await database.close();
}
