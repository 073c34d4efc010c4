import type { Server } from 'node:http';
import { AppProcess } from './apps/app-process.ts';
import { metricsUrl } from './apps/environment.ts';
import { buildApps } from './apps/build.ts';
import { bootstrapPlatform, migrateTier } from './apps/entry-points.ts';
import { createDataDirectory, locateDataDirectory } from './data-directory.ts';
import { provision } from './databases/provision.ts';
import { chooseBroker, requireBroker } from './kafka/choose-broker.ts';
import { TcpFront } from './front/tcp-front.ts';
import { linkedPort } from './links.ts';
import { requireMemory } from './memory.ts';
import { planStack, processesOf, servicePort, type StackPlan } from './plan.ts';
import { choosePorts, defaultPortsWith, portsFrom, type Tier, tiers } from './ports.ts';
import { databaseAccount } from './postgres/account.ts';
import { say, step } from './progress.ts';
import { MOST_REPLICAS, needsFront, replicaPortNames, replicasOf } from './replicas.ts';
import { loadSecrets } from './secrets.ts';
import { SmtpSink } from './smtp/smtp-sink.ts';
import { describeStack, removeStackFile, writeStackFile } from './stack-file.ts';
import type { StackEnvironment, StackOptions } from './stack.config.ts';
import { handleControl } from './supervisor/control-commands.ts';
import { listenForControl } from './supervisor/control-socket.ts';
import { claimDataDirectory, releaseDataDirectory } from './supervisor/single-run.ts';
import { Supervisor } from './supervisor/supervisor.ts';

/** One stack from its first port to its last stop. */
export class StackRun {
  readonly plan: StackPlan;
  readonly supervisor: Supervisor;
  /** Ends compilers and migrations when the stack is stopped while it starts. */
  readonly #abort = new AbortController();
  #control: Server | undefined;
  #fronts: TcpFront[] = [];
  #ready = false;

  /** Claims the data directory, stops leftovers of an earlier run, chooses ports. */
  static async prepare(options: StackOptions, environment: StackEnvironment): Promise<StackRun> {
    requireMemory(processesOf(options).length);
    if (environment.kafkaBrokers === undefined) await requireBroker(environment.programs);
    const { path, note } = locateDataDirectory(options.dataDirectory, databaseAccount());
    if (note !== undefined) say(note);
    createDataDirectory(path);
    claimDataDirectory(path);
    const supervisor = new Supervisor({ dataDirectory: path, restart: options.restart, say });
    await supervisor.stopLeftovers();
    const ports = await findPorts(options, environment);
    const secrets = loadSecrets(path);
    const { apps, replicas, preloads } = options;
    return new StackRun(
      planStack({ dataDirectory: path, apps, replicas, preloads, environment, ports, secrets }),
      supervisor,
    );
  }

  private constructor(plan: StackPlan, supervisor: Supervisor) {
    this.plan = plan;
    this.supervisor = supervisor;
    supervisor.onChange(() => this.#rewriteDescription());
  }

  /** Everything up to and including apps that are ready. */
  async start(stopAsked: () => void): Promise<void> {
    const { dataDirectory } = this.plan;
    removeStackFile(dataDirectory);
    this.#control = await listenForControl(dataDirectory, (command, part) =>
      handleControl(this.supervisor, stopAsked, command, part),
    );
    await this.#startParts();
    await step('apps', () => this.#startApps());
  }

  /** From here on stack.json exists and follows every restart. */
  publish(): void {
    this.#ready = true;
    this.#rewriteDescription();
  }

  async stop(): Promise<void> {
    this.#ready = false;
    this.#abort.abort();
    removeStackFile(this.plan.dataDirectory);
    await this.supervisor.stop();
    await Promise.all(this.#fronts.map((front) => front.close()));
    this.#control?.close();
    this.#control?.closeAllConnections();
    releaseDataDirectory(this.plan.dataDirectory);
  }

  async #startParts(): Promise<void> {
    const built = step('compile', () => buildApps(this.plan.apps, this.#abort.signal));
    await allOrFirstError([
      built,
      step('databases, migrations', () =>
        allOrFirstError(tiers.map((tier) => this.#startDatabase(tier, built))),
      ),
      this.#startBroker(),
      this.#startSink(),
    ]);
  }

  /** Migrates only tiers whose app was asked for: the others may not be built. */
  async #startDatabase(tier: Tier, built: Promise<void>): Promise<void> {
    const { databases, secrets, apps } = this.plan;
    const { cluster } = databases[tier];
    if (cluster) await this.supervisor.start(cluster);
    if (databases[tier].provision) await provision(databases[tier], secrets.databases[tier]);
    await built;
    if (apps.includes(tier)) await migrateTier(this.plan, tier, this.#abort.signal);
  }

  async #startApps(): Promise<void> {
    await this.#startFronts();
    const bootstrap = this.plan.apps.includes('oltp')
      ? bootstrapPlatform(this.plan, this.#abort.signal)
      : undefined;
    await allOrFirstError([this.#startReplicas(1), bootstrap]);
    for (let number = 2; number <= MOST_REPLICAS; number += 1) await this.#startReplicas(number);
  }

  /** One of each app at a time: all at once would starve each other of the machine. */
  #startReplicas(number: number): Promise<void> {
    const wave = processesOf(this.plan).filter((replica) => replica.number === number);
    const parts = wave.map((replica) => new AppProcess(this.plan, replica));
    return allOrFirstError(parts.map((part) => this.#startReplica(part, number)));
  }

  /** A further replica starts beside busy ones: on a machine that is short of time, once more. */
  async #startReplica(part: AppProcess, number: number): Promise<void> {
    try {
      await this.supervisor.start(part);
    } catch (error) {
      if (number === 1 || this.#abort.signal.aborted) throw error;
      say(`${part.name}: ${(error as Error).message.split('\n')[0]}; once more`);
      await this.supervisor.start(part);
    }
  }

  async #startFronts(): Promise<void> {
    const { apps, replicas, ports } = this.plan;
    for (const app of apps.filter((candidate) => needsFront(candidate, replicas))) {
      const backends = replicasOf(app, replicas).map((replica) => ({
        port: ports[replica.name] ?? 0,
        readyUrl: `${metricsUrl(this.plan, replica)}/readyz`,
      }));
      const front = new TcpFront(servicePort(this.plan, app), backends);
      await front.listen();
      this.#fronts.push(front);
    }
  }

  async #startBroker(): Promise<void> {
    const { environment, ports, dataDirectory } = this.plan;
    if (environment.kafkaBrokers !== undefined) return;
    const where = {
      port: ports.kafka ?? 0,
      advertisedPort: linkedPort(environment, ports.kafka ?? 0),
      controllerPort: ports['kafka-controller'] ?? 0,
      dataDirectory: `${dataDirectory}/kafka`,
    };
    const broker = await chooseBroker(environment.programs, where, say);
    await this.supervisor.start(broker);
  }

  async #startSink(): Promise<void> {
    const { environment, ports, dataDirectory } = this.plan;
    if (environment.smtpUrl !== undefined) return;
    const { smtp: port = 0, inbox: inboxPort = 0 } = ports;
    const directory = `${dataDirectory}/messages`;
    const { sink } = environment;
    await this.supervisor.start(new SmtpSink({ port, inboxPort, directory, ...sink }));
  }

  #rewriteDescription(): void {
    if (!this.#ready) return;
    writeStackFile(describeStack(this.plan, (part) => this.supervisor.pid(part)));
  }
}

/** Ports of parts that run elsewhere are left alone. */
async function findPorts(
  { portBase, replicas }: StackOptions,
  environment: StackEnvironment,
): Promise<Record<string, number>> {
  const added = replicaPortNames(replicas);
  const wished = portBase === undefined ? defaultPortsWith(added) : portsFrom(portBase, added);
  const elsewhere = new Set([
    ...Object.keys(environment.databaseUrls).map((tier) => `${tier}-db`),
    ...(environment.kafkaBrokers === undefined ? [] : ['kafka', 'kafka-controller']),
    ...(environment.smtpUrl === undefined ? [] : ['smtp', 'inbox']),
  ]);
  const needed = Object.entries(wished).filter(([name]) => !elsewhere.has(name));
  return choosePorts(Object.fromEntries(needed), (name, from, to) =>
    say(`${name}: port ${from} is busy, using ${to}`),
  );
}

/** Waits until all have settled, so that nothing goes on behind a failure; then the first error. */
async function allOrFirstError(work: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
