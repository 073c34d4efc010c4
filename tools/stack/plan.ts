import type { TierDatabase } from './databases/tier-database.ts';
import { embeddedDatabase, externalDatabase } from './databases/tier-database.ts';
import { linkedPort, linkedUrl } from './links.ts';
import { type App, type PortName, type Tier, tiers } from './ports.ts';
import { needsFront, type Replica, type ReplicaCounts, replicasOf } from './replicas.ts';
import type { Secrets } from './secrets.ts';
import type { Preloads, StackEnvironment } from './stack.config.ts';

/** Everything that is decided before the first process starts. */
export interface StackPlan {
  dataDirectory: string;
  apps: readonly App[];
  replicas: ReplicaCounts;
  preloads: Preloads;
  environment: StackEnvironment;
  ports: Record<PortName, number>;
  secrets: Secrets;
  databases: Record<Tier, TierDatabase>;
  kafkaBrokers: string;
  /** Relay of mail with live keys. */
  smtpUrl: string;
  /** Relay of mail with test keys; without one the worker only records the outcome. */
  sandboxSmtpUrl: string | undefined;
  publicUrl: string;
}

/** Chosen data directory, apps, ports and secrets, put together. */
export function planStack(
  basis: Pick<
    StackPlan,
    'dataDirectory' | 'apps' | 'replicas' | 'preloads' | 'environment' | 'ports' | 'secrets'
  >,
): StackPlan {
  const { environment, ports } = basis;
  const sink = `smtp://127.0.0.1:${linkedPort(environment, ports.smtp ?? 0)}`;
  return {
    ...basis,
    databases: databasesOf(basis),
    kafkaBrokers:
      environment.kafkaBrokers ?? `127.0.0.1:${linkedPort(environment, ports.kafka ?? 0)}`,
    smtpUrl: environment.smtpUrl ?? sink,
    sandboxSmtpUrl: environment.sandboxSmtpUrl ?? (environment.smtpUrl ? undefined : sink),
    publicUrl: `http://127.0.0.1:${servicePort(basis, 'gateway')}`,
  };
}

/** Where an app is called: at its front, or at its only process. */
export const servicePort = (
  { ports, replicas }: Pick<StackPlan, 'ports' | 'replicas'>,
  app: App,
): number => ports[needsFront(app, replicas) ? `${app}-front` : app] ?? 0;

/** Every process of every app, in the order of the apps. */
export const processesOf = ({ apps, replicas }: Pick<StackPlan, 'apps' | 'replicas'>): Replica[] =>
  apps.flatMap((app) => replicasOf(app, replicas));

type DatabaseBasis = Pick<StackPlan, 'dataDirectory' | 'environment' | 'ports' | 'secrets'>;

function databasesOf(basis: DatabaseBasis): Record<Tier, TierDatabase> {
  const all = tiers.map((tier) => [tier, databaseOf(basis, tier)]);
  return Object.fromEntries(all) as Record<Tier, TierDatabase>;
}

function databaseOf(basis: DatabaseBasis, tier: Tier): TierDatabase {
  const { dataDirectory, environment, ports, secrets } = basis;
  const passwords = secrets.databases[tier];
  const external = environment.databaseUrls[tier];
  if (external) return externalDatabase(tier, external, passwords);
  const database = embeddedDatabase(tier, ports[`${tier}-db`] ?? 0, dataDirectory, passwords);
  const [app, system] = [database.urls.app, database.urls.system].map((url) =>
    linkedUrl(environment, url),
  ) as [string, string];
  return { ...database, urls: { ...database.urls, app, system } };
}
