import { createRequire } from 'node:module';

/** The part of kafkajs' Broker (broker/index.js, 2.2.4) that we touch. */
interface Broker {
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

// An internal file of kafkajs, without types.
const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker') as {
  prototype: Broker;
};
const { connect } = prototype;

/**
 * A broker that takes the connection and is late with its first answer (500 ms for the relay) leaves
 * kafkajs 2.2.4 with a connection that counts as made and can do nothing: every request ends with
 * "Broker not connected" until the broker closes it as idle, ten minutes later. Here it is closed at
 * once, so that the next try makes another one. Calling it again changes nothing.
 */
export function installBrokerConnectShim(): void {
  prototype.connect = connectWholly;
}

async function connectWholly(this: Broker): Promise<void> {
  try {
    await connect.call(this);
  } catch (error) {
    if (this.isConnected()) await this.disconnect();
    throw error;
  }
}
