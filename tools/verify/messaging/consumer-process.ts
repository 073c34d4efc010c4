// A process that is one consumer of the product: transport, slices, inbox, retry of parked events.
import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import { createRelayProducer } from '@penguinmails/kafka';
import { createLogger } from '@penguinmails/observability';
import {
  EventTransport,
  EventWriter,
  OutboxRelay,
  type ReceivedEvent,
  WakeUp,
} from '@penguinmails/outbox';
import { countEffects } from './count-effects.ts';
import { openAs, serve } from './serve.ts';
import { EVENT_TYPE, loginOfConsumer, PUBLIC_URL } from './subject.ts';

await serve(async ({ name, brokers, group, queue }) => {
  const logger = createLogger(name);
  const database = openAs(name, 'queue', queue);
  const producer = createRelayProducer({ brokers, clientId: `${name}-relay`, logger });
  const { system } = database;
  const wakeUp = new WakeUp();
  const relay = new OutboxRelay({ system, producer, wakeUp, logger });
  const emits = ['penguinmails.system.event_raised.v1'] as const;
  const writer = new EventWriter({ tier: 'queue', emits, publicUrl: PUBLIC_URL }, wakeUp);
  const transport = new EventTransport(
    {
      tier: 'queue',
      consumerGroup: group,
      brokers,
      consumes: [EVENT_TYPE],
      emits,
      publicUrl: PUBLIC_URL,
    },
    database,
    relay,
    writer,
    logger,
  );
  const handle = (events: ReceivedEvent[], tx: SystemTransaction | TenantTransaction) =>
    countEffects(events, tx);
  transport.addHandler(EVENT_TYPE, handle, true, { login: loginOfConsumer(name) });
  await new Promise<void>((resolve, reject) => {
    transport.listen((error) => (error ? reject(error as Error) : resolve()));
  });
  relay.start();
  return async () => {
    await transport.close();
    await database.close();
  };
});
