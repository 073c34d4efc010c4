/** Ports of one broker on 127.0.0.1. */
export interface BrokerPorts {
  port: number;
  /** Where clients find it; default: `port`. */
  advertisedPort?: number;
  controllerPort: number;
}

const FIXED = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'auto.create.topics.enable': 'false',
  'log.segment.bytes': '67108864',
  'log.retention.bytes': '1073741824',
  'log.cleaner.dedupe.buffer.size': '2097152',
  // without these two a restart after kill -9 takes 11–15 s instead of 4
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '500',
} as const;

/** The text of server.properties for one combined broker and controller (KRaft) on loopback. */
export function serverProperties(dataDirectory: string, ports: BrokerPorts): string {
  const broker = `PLAINTEXT://127.0.0.1:${ports.port}`;
  const controller = `127.0.0.1:${ports.controllerPort}`;
  const all = {
    ...FIXED,
    'controller.quorum.voters': `1@${controller}`,
    listeners: `${broker},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.advertisedPort ?? ports.port}`,
    'log.dirs': dataDirectory,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return `${lines.join('\n')}\n`;
}
