import { setTimeout as delay } from 'node:timers/promises';
import type { DriftStack } from './drift-stack.ts';
import type { Send, Sender } from './sender.ts';

/** What differs between the e-mails of oltp and the contents of content. All empty: no drift. */
export interface Drift {
  /** accepted by the API, unknown to oltp */
  readonly lost: readonly string[];
  /** e-mails whose content is gone, or not (yet) safe from the reaper */
  readonly bodiless: readonly string[];
  /** contents that no e-mail refers to */
  readonly orphans: readonly string[];
  /** stored bytes that no content and no file uses */
  readonly leftovers: number;
  /** accepted e-mails whose text comes back otherwise than it was sent */
  readonly changed: readonly string[];
}

const LEFTOVERS = `
SELECT count(*) AS n FROM content_blobs b
WHERE b.tenant_id = $1
  AND NOT EXISTS (SELECT FROM content_objects c
    WHERE c.tenant_id = b.tenant_id AND c.content_blob_hash = b.content_hash)
  AND NOT EXISTS (SELECT FROM attachments a
    WHERE a.tenant_id = b.tenant_id AND a.content_blob_hash = b.content_hash)`;

const SAMPLE = 10;
const POLL_MS = 200;

/** Compares the sender's rows of both databases, and the API with what the client sent. */
export async function judge(
  stack: DriftStack,
  sender: Sender,
  sends: readonly Send[],
): Promise<Drift> {
  const emails = await stack.rows<{ id: string; key: string }>(
    'oltp',
    'SELECT id, content_storage_key AS key FROM emails WHERE tenant_id = $1',
    [sender.tenantId],
  );
  const contents = await stack.rows<{ key: string; state: string }>(
    'content',
    'SELECT storage_key AS key, state FROM content_objects WHERE tenant_id = $1',
    [sender.tenantId],
  );
  const ids = new Set(emails.map(({ id }) => id));
  const referred = new Set(emails.map(({ key }) => key));
  const safe = contents.filter(({ state }) => state === 'attached').map(({ key }) => key);
  const safeKeys = new Set(safe);
  const [leftovers] = await stack.rows<{ n: string }>('content', LEFTOVERS, [sender.tenantId]);
  return {
    lost: accepted(sends).filter((id) => !ids.has(id)),
    bodiless: emails.filter(({ key }) => !safeKeys.has(key)).map(({ id }) => id),
    orphans: contents.map(({ key }) => key).filter((key) => !referred.has(key)),
    leftovers: Number(leftovers?.n),
    changed: await changed(sender, sends),
  };
}

export const hasDrift = (drift: Drift): boolean =>
  drift.leftovers > 0 ||
  [drift.lost, drift.bodiless, drift.orphans, drift.changed].some((list) => list.length > 0);

const accepted = (sends: readonly Send[]): string[] => sends.flatMap(({ id }) => id ?? []);

async function changed(sender: Sender, sends: readonly Send[]): Promise<string[]> {
  const sample = sends.filter(({ id }) => id !== undefined).slice(0, SAMPLE);
  const shown = await Promise.all(sample.map(({ id = '' }) => sender.textOf(id)));
  return sample.flatMap(({ id = '', text }, at) => (shown[at] === text ? [] : [id]));
}

/** Waits for no drift; after `withinMs` answers the drift that stays. @throws what then keeps it from looking */
export async function settledDrift(
  stack: DriftStack,
  sender: Sender,
  sends: readonly Send[],
  withinMs: number,
): Promise<Drift> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const isLast = Date.now() > deadline;
    const [look] = await Promise.allSettled([judge(stack, sender, sends)]);
    if (look.status === 'fulfilled' && (isLast || !hasDrift(look.value))) return look.value;
    if (look.status === 'rejected' && isLast) throw look.reason;
    await delay(POLL_MS);
  }
}
