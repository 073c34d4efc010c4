// A process of four writers: each raises the version of an aggregate and writes the events of it.
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EventWriter, WakeUp } from '@penguinmails/outbox';
import { SeededRandom } from './seeded-random.ts';
import { openPatiently, serve } from './serve.ts';
import { type Aggregate, EVENT_TYPE, PUBLIC_URL } from './subject.ts';

const WRITERS = 4;
const MOST_EVENTS = 5;

const RAISE = 'UPDATE verify_aggregates SET version = version + $2 WHERE id = $1 RETURNING version';

await serve(async ({ name, seed, oltp, aggregates, ledgerFile, eventsPerSecond }) => {
  const database = openPatiently(name, 'oltp', oltp);
  const writer = new EventWriter(
    { tier: 'oltp', emits: [EVENT_TYPE], publicUrl: PUBLIC_URL },
    new WakeUp(),
  );
  const random = new SeededRandom(seed);
  const stopping = new AbortController();

  async function change({ id, tenantId }: Aggregate, count: number): Promise<number> {
    return database.tenants.transaction(tenantId, async (tx) => {
      const { rows } = await tx.query<{ version: number }>(RAISE, [id, count]);
      const last = rows[0]?.version ?? 0;
      const versions = Array.from({ length: count }, (_, n) => last - count + 1 + n);
      const data = { email_id: id, reason: 'cancelled' as const };
      const event = { type: EVENT_TYPE, tenantId, subject: id, data } as const;
      const events = versions.map((entityVersion) => ({ ...event, entityVersion }));
      await writer.write(tx, events);
      return last;
    });
  }

  async function write(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      const aggregate = random.pick(aggregates);
      const count = 1 + random.below(MOST_EVENTS);
      const version = await change(aggregate, count);
      appendFileSync(ledgerFile, `${aggregate.id} ${version}\n`);
      const takesMs = (count * WRITERS * 1000) / eventsPerSecond;
      await delay(Math.max(takesMs - (performance.now() - startedAt), 0));
    }
  }

  const writers = Promise.all(Array.from({ length: WRITERS }, write));
  return async () => {
    stopping.abort();
    await writers;
    await database.close();
  };
});
