import kafkajs, { type logCreator, type LogEntry } from 'kafkajs';
import type { Logger } from './logger.js';

/**
 * Lines that kafkajs prints as ERROR or WARN about what it retries, or what we report ourselves
 * (crash, pause, failed send): a broker restart would otherwise fill the log with them.
 */
const RETRIED =
  /^(Connection |Failed to connect|Failed to send messages|Failed to fetch|Crash: |Restarting the consumer|Response |Error when calling eachBatch|The group is rebalancing|The coordinator is not aware|\[Connection\]|\[BrokerPool\])|ECONN|This server does not host|leader|not coordinator|rebalanc|Closed connection|timed out|disconnect/i;

const DETAILS = ['groupId', 'broker', 'topic', 'partition', 'error', 'retryCount'] as const;

/** Sends kafkajs' log lines to our logger, without stacks and without anything of the records. */
export function quietLogCreator(logger: Logger): logCreator {
  return () => (entry) => {
    logger[levelOf(entry)](details(entry), `kafkajs: ${entry.log.message}`);
  };
}

/** @internal exported for its test */
export function levelOf({ level, log }: LogEntry): 'debug' | 'warn' {
  const noisy = level > kafkajs.logLevel.WARN || RETRIED.test(log.message);
  return noisy ? 'debug' : 'warn';
}

function details({ namespace, log }: LogEntry): object {
  const found = DETAILS.filter((name) => typeof log[name] !== 'object' && log[name] !== undefined);
  return { namespace, ...Object.fromEntries(found.map((name) => [name, log[name]])) };
}
