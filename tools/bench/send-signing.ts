import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../stack/repository.ts';
import { loadSecrets } from '../stack/secrets.ts';
import type { StackDescription } from '../stack/stack-file.ts';
import type { Sender, SendStack } from './send-stack.ts';

const ISSUED_WITHIN_MS = 30_000;

/** How the mail of a run is signed. */
export const signings = ['none', 'ed25519', 'rsa+ed25519'] as const;

/** The two keys come together; a bench may want one of them alone. */
const DROP_RSA = `
UPDATE domains SET dkim_selector = NULL, dkim_private_key_encrypted = NULL, dkim_public_key = NULL
WHERE tenant_id = ANY ($1::uuid[])`;

/**
 * Gives the senders' domains the keys that a run wants, as an operator does: by oltp's `issue-dkim-keys`.
 * @throws Error for a signing that is none of {@link signings}, or when a key cannot be issued
 */
export async function signDomains(
  stack: SendStack,
  senders: readonly Sender[],
  signing: string,
): Promise<void> {
  if (!signings.some((known) => known === signing))
    throw new Error(`--signed is one of ${signings.join(', ')}, not "${signing}"`);
  if (signing === 'none') return;
  const tenants = senders.map(({ id }) => id);
  const domains = await stack.query<{ tenant_id: string; id: string }>(
    'oltp',
    'SELECT tenant_id, id FROM domains WHERE tenant_id = ANY ($1::uuid[])',
    [tenants],
  );
  for (const domain of domains) await issueKeys(stack.description, domain.tenant_id, domain.id);
  if (signing === 'ed25519') await stack.query('oltp', DROP_RSA, [tenants]);
}

async function issueKeys(stack: StackDescription, tenant: string, domain: string): Promise<void> {
  const env = {
    TZ: 'UTC',
    OLTP_DB_URL: stack.databases.oltp.app_url,
    OLTP_DB_SYSTEM_URL: stack.databases.oltp.system_url,
    OLTP_ENCRYPTION_KEY_SECRET: loadSecrets(stack.data_dir).encryption_key,
  };
  const script = join(root, 'apps', 'oltp', 'dist', 'issue-dkim-keys.js');
  const args = [script, '--tenant', tenant, '--domain', domain];
  await promisify(execFile)(stack.node, args, { cwd: root, env, timeout: ISSUED_WITHIN_MS });
}
