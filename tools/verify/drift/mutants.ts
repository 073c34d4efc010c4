import { queryOnce, withClient } from '../../stack/postgres/query.ts';
import type { DriftStack } from './drift-stack.ts';
import { type Drift, settledDrift } from './judge.ts';
import type { Sender } from './sender.ts';
import { until } from '../until.ts';

const SEEN_WITHIN_MS = 120_000;
const STAYS_FOR_MS = 10_000;
/** The relay's lanes, as libs/outbox/src/outbox-lanes.ts locks them. */
const RELAY_LOCK_SPACE = 0x6f757462;
const RELAY_LANES = 32;

/** A guard or the data broken on purpose. Each mutant gets a tenant of its own. */
export interface DriftMutant {
  readonly name: string;
  /** Sends, breaks, waits; answers whether the judge saw it. */
  isCaught(stack: DriftStack, sender: Sender, count: number): Promise<boolean>;
}

export const mutants: readonly DriftMutant[] = [
  { name: 'content denies by itself, oltp is not asked', isCaught: deniesByItself },
  planted(
    'e-mails refer to other contents',
    `UPDATE emails SET content_storage_key = 'cnt_' || reverse(substr(content_storage_key, 5)) WHERE tenant_id = $1`,
    ({ bodiless, orphans }) => bodiless.length > 0 && orphans.length > 0,
  ),
  planted(
    'accepted e-mails are gone',
    'DELETE FROM emails WHERE tenant_id = $1',
    ({ lost }) => lost.length > 0,
  ),
];

/** A denial that oltp never gave, older than the second grace: only the question to oltp forbids it. */
const DENY_AT_ONCE = `
CREATE FUNCTION deny_at_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.references_denied_at := now() - interval '1 day';
  RETURN NEW;
END $$;
CREATE TRIGGER deny_at_once BEFORE UPDATE ON content_objects FOR EACH ROW
WHEN (NEW.state = 'condemned') EXECUTE FUNCTION deny_at_once();`;

const DENY_NO_MORE = 'DROP TRIGGER deny_at_once ON content_objects; DROP FUNCTION deny_at_once();';

/** While oltp's relay stands still the claims are late, and content believes itself. */
async function deniesByItself(stack: DriftStack, sender: Sender, count: number): Promise<boolean> {
  const { databases } = stack.description;
  await queryOnce(databases.content.admin_url, DENY_AT_ONCE);
  const sends = await whileRelayStands(databases.oltp.admin_url, async () => {
    const accepted = await sender.sendMany(count);
    await until('a content was deleted', () => isEmpty(stack, sender), SEEN_WITHIN_MS);
    return accepted;
  });
  await queryOnce(databases.content.admin_url, DENY_NO_MORE);
  const { bodiless } = await settledDrift(stack, sender, sends, STAYS_FOR_MS);
  return bodiless.length === sends.length;
}

/** Holds every lane of oltp's relay: what is accepted stays in the outbox. */
function whileRelayStands<T>(adminUrl: string, work: () => Promise<T>): Promise<T> {
  return withClient(adminUrl, async (client) => {
    await client.query(
      'SELECT pg_advisory_lock($1, lane) FROM generate_series(0, $2 - 1) AS lane',
      [RELAY_LOCK_SPACE, RELAY_LANES],
    );
    return work();
  });
}

async function isEmpty(stack: DriftStack, sender: Sender): Promise<boolean> {
  const rows = await stack.rows('content', 'SELECT FROM content_objects WHERE tenant_id = $1', [
    sender.tenantId,
  ]);
  return rows.length === 0;
}

/** What was right is broken by hand in oltp: the judge is not blind. */
function planted(name: string, statement: string, isSeen: (drift: Drift) => boolean): DriftMutant {
  const isCaught = async (stack: DriftStack, sender: Sender, count: number): Promise<boolean> => {
    const sends = await sender.sendMany(count);
    const before = await settledDrift(stack, sender, sends, SEEN_WITHIN_MS);
    await stack.rows('oltp', statement, [sender.tenantId]);
    const after = await settledDrift(stack, sender, sends, STAYS_FOR_MS);
    return !isSeen(before) && isSeen(after);
  };
  return { name, isCaught };
}
