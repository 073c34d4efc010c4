import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { promisify } from 'node:util';
import type { Command, Part } from '../supervisor/part.ts';
import { kafkaVersion } from './jars.ts';
import { countBrokers } from './metadata-request.ts';
import { type BrokerPorts, serverProperties } from './server-properties.ts';

const run = promisify(execFile);
const ENGINE_ANSWERS_WITHIN_MS = 20_000;
const ANSWER_WITHIN_MS = 1_000;

/** True when a Docker engine answers, not only when the command is there. */
export async function dockerAnswers(docker: string | undefined): Promise<boolean> {
  if (docker === undefined) return false;
  const question = ['info', '--format', '{{.ServerVersion}}'];
  return run(docker, question, { timeout: ENGINE_ANSWERS_WITHIN_MS }).then(
    ({ stdout }) => stdout.trim() !== '',
    () => false,
  );
}

/** The same broker from the `apache/kafka` image, for machines without Java. */
export class DockerKafkaBroker implements Part {
  readonly name = 'kafka';
  readonly order = 1;
  readonly stopSignal = 'SIGTERM';
  readonly stopWithinMs = 20_000;
  readonly readyWithinMs = 180_000; // the first start pulls the image
  readonly #docker: string;
  readonly #ports: BrokerPorts;
  readonly #path: string;

  /** `path`: PATH for the docker command, which looks for its helpers there. */
  constructor(docker: string, ports: BrokerPorts, path: string) {
    this.#docker = docker;
    this.#ports = ports;
    this.#path = path;
  }

  /** A container outlives its client: one of a killed run is removed before the next starts. */
  async prepare(): Promise<Command> {
    const name = `penguinmails-kafka-${this.#ports.port}`;
    await run(this.#docker, ['rm', '-f', name]).catch((error: Error) => {
      if (!error.message.includes('No such container')) throw error;
    });
    const volume = ['-v', `${name}:/var/lib/kafka/data`];
    const container = ['run', '--rm', '--name', name, '--network', 'host', ...volume];
    const image = `apache/kafka:${kafkaVersion}`;
    return {
      file: this.#docker,
      args: [...container, ...this.#environment(), image],
      env: { PATH: this.#path, HOME: homedir() },
    };
  }

  async probe(): Promise<void> {
    const brokers = await countBrokers('127.0.0.1', this.#ports.port, ANSWER_WITHIN_MS);
    if (brokers === 0) throw new Error('Kafka lists no broker yet');
  }

  /** The image turns KAFKA_LOG_DIRS into log.dirs, and so on. */
  #environment(): string[] {
    const lines = serverProperties('/var/lib/kafka/data', this.#ports).trim().split('\n');
    return lines.flatMap((line) => {
      const [name = '', ...value] = line.split('=');
      return ['-e', `KAFKA_${name.toUpperCase().replaceAll('.', '_')}=${value.join('=')}`];
    });
  }
}
