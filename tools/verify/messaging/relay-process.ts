// A process that is one relay of the product on the writers' outbox.
import { createRelayProducer } from '@penguinmails/kafka';
import { createLogger } from '@penguinmails/observability';
import { OutboxRelay, WakeUp } from '@penguinmails/outbox';
import { openAs, serve } from './serve.ts';

await serve(async ({ name, brokers, oltp }) => {
  const logger = createLogger(name);
  const database = openAs(name, 'oltp', oltp);
  const producer = createRelayProducer({ brokers, clientId: name, logger });
  const { system } = database;
  const relay = new OutboxRelay({ system, producer, wakeUp: new WakeUp(), logger });
  relay.start();
  return async () => {
    await relay.stop();
    await database.close();
  };
});
