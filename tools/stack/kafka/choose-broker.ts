import type { Part } from '../supervisor/part.ts';
import { KafkaBroker } from './broker.ts';
import { DockerKafkaBroker, dockerAnswers } from './docker-broker.ts';
import { downloadJars, jarsArePresent, kafkaVersion } from './jars.ts';
import { findExecutable, findJava } from './java.ts';
import type { BrokerPorts } from './server-properties.ts';

/** What of the environment decides how Kafka is run. */
export interface BrokerEnvironment {
  JAVA_HOME?: string;
  PATH?: string;
}

/** What is missing for a broker without Docker; undefined when nothing is. */
export function missingForJava(env: BrokerEnvironment): string | undefined {
  if (!findJava(env)) return 'a Java runtime (JRE) of version 17 or later';
  if (!jarsArePresent() && !findExecutable('mvn', env.PATH ?? '')) return 'Maven (mvn)';
  return undefined;
}

/** The one sentence for a machine that has neither Java nor Docker. */
export function noBrokerMessage(missing: string): string {
  return (
    `Apache Kafka cannot start, because ${missing} is missing: install a JRE (17 or later) and ` +
    'Maven, or start Docker, or set KAFKA_BROKERS to a Kafka that runs already.'
  );
}

/**
 * Checks, before anything is started, that this machine can run Kafka.
 *
 * @throws Error with the three remedies when it has neither Java nor a Docker engine that answers
 */
export async function requireBroker(env: BrokerEnvironment): Promise<void> {
  const missing = missingForJava(env);
  if (missing === undefined) return;
  const docker = findExecutable('docker', env.PATH ?? '');
  if (!(await dockerAnswers(docker))) throw new Error(noBrokerMessage(missing));
}

/**
 * The way to run Kafka on this machine: Java directly, else a Docker engine that answers.
 *
 * @throws Error with the three remedies when there is neither
 */
export async function chooseBroker(
  env: BrokerEnvironment,
  settings: BrokerPorts & { dataDirectory: string },
  say: (line: string) => void,
): Promise<Part> {
  await requireBroker(env);
  const missing = missingForJava(env);
  if (missing === undefined) return javaBroker(env, settings, say);
  const docker = findExecutable('docker', env.PATH ?? '') ?? 'docker';
  say(`kafka: ${missing} is missing, using the image apache/kafka:${kafkaVersion}`);
  return new DockerKafkaBroker(docker, settings, env.PATH ?? '');
}

async function javaBroker(
  env: BrokerEnvironment,
  settings: BrokerPorts & { dataDirectory: string },
  say: (line: string) => void,
): Promise<Part> {
  const java = findJava(env);
  const maven = findExecutable('mvn', env.PATH ?? '');
  if (!java) throw new Error(noBrokerMessage('a Java runtime'));
  if (!jarsArePresent()) {
    if (maven === undefined) throw new Error(noBrokerMessage('Maven (mvn)'));
    say(`kafka: fetching Apache Kafka ${kafkaVersion} with Maven (45 MB, once)`);
    await downloadJars(maven);
  }
  return new KafkaBroker({ ...settings, java });
}
