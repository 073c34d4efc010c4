import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../repository.ts';
import type { Command, Part } from '../supervisor/part.ts';
import { checkJars, classPath, type Jar, kafkaVersion, wantedJars, jarDirectory } from './jars.ts';
import type { Java } from './java.ts';
import { countBrokers } from './metadata-request.ts';
import { type BrokerPorts, serverProperties } from './server-properties.ts';

const run = promisify(execFile);
const FORMAT_WITHIN_MS = 180_000;
const ANSWER_WITHIN_MS = 1_000;
const CLUSTER_ID = 'PenguinMailsLocalStack'; // 22 characters of base64url, as a cluster id is
const QUIET = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dlog4j2.statusLoggerLevel=OFF',
  '-Dlog4j.statusLogger.level=OFF',
];

export interface BrokerSettings extends BrokerPorts {
  dataDirectory: string;
  java: Java;
}

/** One Apache Kafka broker, run directly by a Java on this machine. */
export class KafkaBroker implements Part {
  readonly name = 'kafka';
  readonly order = 1;
  readonly stopSignal = 'SIGTERM';
  readonly stopWithinMs = 15_000;
  readonly readyWithinMs = 180_000;
  readonly #settings: BrokerSettings;
  readonly #jars: Jar[];
  #draftArchive: string | undefined;

  constructor(settings: BrokerSettings) {
    this.#settings = settings;
    this.#jars = wantedJars();
  }

  async prepare(): Promise<Command> {
    checkJars(jarDirectory, this.#jars);
    const { dataDirectory, java } = this.#settings;
    if (!existsSync(dataDirectory)) await this.#copyTemplate();
    const properties = `${dataDirectory}.properties`;
    writeFileSync(properties, serverProperties(dataDirectory, this.#settings));
    const args = [...this.#jvmOptions(), '-cp', classPath(this.#jars), 'kafka.Kafka', properties];
    return { file: java.file, args, env: { LANG: 'C.UTF-8' } };
  }

  async probe(): Promise<void> {
    const brokers = await countBrokers('127.0.0.1', this.#settings.port, ANSWER_WITHIN_MS);
    if (brokers === 0) throw new Error('Kafka lists no broker yet');
  }

  /** The first orderly stop leaves the class archive that makes later starts fast. */
  async ended(): Promise<void> {
    const draft = this.#draftArchive;
    if (draft !== undefined && existsSync(draft)) renameSync(draft, this.#archive());
  }

  #jvmOptions(): string[] {
    return [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      ...this.#sharing(),
      ...QUIET,
    ];
  }

  #sharing(): string[] {
    const archive = this.#archive();
    if (existsSync(archive)) return [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto'];
    this.#draftArchive = `${archive}.${process.pid}`;
    return [`-XX:ArchiveClassesAtExit=${this.#draftArchive}`];
  }

  /** An archive counts for one Java and one class path only. */
  #archive(): string {
    const basis = this.#settings.java.version + classPath(this.#jars);
    const hash = createHash('sha256').update(basis).digest('hex').slice(0, 12);
    return join(cacheDirectory, 'kafka', `${kafkaVersion}-${hash}.jsa`);
  }

  async #copyTemplate(): Promise<void> {
    const { dataDirectory } = this.#settings;
    const draft = `${dataDirectory}.draft`;
    rmSync(draft, { recursive: true, force: true });
    cpSync(await this.#template(), draft, { recursive: true });
    renameSync(draft, dataDirectory);
  }

  /** A formatted, empty data directory (half a kilobyte), made once per version of Kafka. */
  async #template(): Promise<string> {
    const template = join(cacheDirectory, 'kafka', `data-${kafkaVersion}`);
    if (existsSync(template)) return template;
    mkdirSync(join(cacheDirectory, 'kafka'), { recursive: true });
    const workshop = mkdtempSync(join(cacheDirectory, 'kafka', 'format-'));
    await this.#format(workshop);
    if (!existsSync(template)) renameSync(join(workshop, 'data'), template);
    rmSync(workshop, { recursive: true, force: true });
    return template;
  }

  async #format(workshop: string): Promise<void> {
    const properties = join(workshop, 'server.properties');
    writeFileSync(properties, serverProperties(join(workshop, 'data'), this.#settings));
    const tool = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties];
    const args = [...QUIET, '-cp', classPath(this.#jars), ...tool];
    await run(this.#settings.java.file, args, { timeout: FORMAT_WITHIN_MS });
  }
}
