import { openDatabase, tierDatabaseSettings } from '@penguinmails/database';
import { parseArgs } from 'node:util';
import { AuditRepository } from './audit/audit.repository.js';
import { makeDkimKeys } from './dkim/make-dkim-keys.js';
import { StoreDkimKeys } from './dkim/store-dkim-keys.js';
import { MailboxRepository } from './mailbox/mailbox.repository.js';
import { SecretBox } from './mailbox/secret-box.js';
import { readIssueKeysConfig } from './oltp.config.js';
import { entities } from './oltp.entities.js';

/**
 * `--tenant <id> --domain <id>`: makes a domain's RSA and ed25519 keys, stores them sealed, and prints
 * the TXT records to publish, `{"records": [{"name", "value"}, …]}`.
 */
const { values } = parseArgs({
  options: { tenant: { type: 'string' }, domain: { type: 'string' } },
});
const { db, encryptionKey } = readIssueKeysConfig();
const database = openDatabase(tierDatabaseSettings('oltp', db, { entities }));
try {
  if (!values.tenant || !values.domain) throw new Error('--tenant and --domain are needed');
  const box = new SecretBox(encryptionKey.reveal());
  const storing = new StoreDkimKeys(
    database.tenants,
    new MailboxRepository(),
    new AuditRepository(),
    box,
  );
  const name = { tenantId: values.tenant, domainId: values.domain };
  const by = { actorKind: 'system', actorId: 'issue-dkim-keys', requestId: null } as const;
  const records = await storing.execute(name, await makeDkimKeys(), by);
  process.stdout.write(`${JSON.stringify({ records })}\n`);
} catch (error) {
  // One line for whoever started this; the driver's error would print the statement's surroundings.
  const message = error instanceof Error ? error.message : 'unknown error';
  process.stderr.write(`${JSON.stringify({ tier: 'oltp', error: message })}\n`);
  process.exitCode = 1;
} finally {
  await database.close();
}
