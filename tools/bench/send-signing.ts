import type { Sender, SendStack } from './send-stack.ts';

/** How the mail of a run is signed. */
export const signings = ['none', 'ed25519', 'rsa+ed25519'] as const;

/**
 * Gives the senders' domains the keys that a run wants.
 * @throws Error for a signing that is none of {@link signings}, or that the product lacks
 */
export async function signDomains(
  stack: SendStack,
  senders: readonly Sender[],
  signing: string,
): Promise<void> {
  if (signing === 'none') return;
  if (!signings.some((known) => known === signing))
    throw new Error(`--signed is one of ${signings.join(', ')}, not "${signing}"`);
  const tenants = senders.map(({ id }) => id);
  const verified = await stack.query(
    'oltp',
    `SELECT 1 FROM domains WHERE tenant_id = ANY ($1::uuid[]) AND dkim_private_key_encrypted IS NULL`,
    [tenants],
  );
  if (verified.length > 0) throw new Error('the domains have no signing keys: nothing makes them');
}
