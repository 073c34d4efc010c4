import { linkedPort } from '../links.ts';
import { servicePort, type StackPlan } from '../plan.ts';
import { type App, type Tier, tiers } from '../ports.ts';
import type { Replica } from '../replicas.ts';
import type { Signer } from '../secrets.ts';

const HOST = '127.0.0.1';

/** Where one process listens for the others; the worker listens for metrics only. */
export function internalUrl(plan: StackPlan, { app, name }: Replica): string | null {
  return app === 'worker' ? null : `http://${HOST}:${plan.ports[name]}`;
}

export const metricsUrl = (plan: StackPlan, { name }: Pick<Replica, 'name'>): string =>
  `http://${HOST}:${plan.ports[`${name}-metrics`]}`;

/** Everything a process gets: environment variables only, and only what concerns its app. */
export function environmentOf(plan: StackPlan, replica: Replica): Record<string, string> {
  return { ...common(plan, replica), ...special(plan, replica.app) };
}

function special(plan: StackPlan, app: App): Record<string, string> {
  if (app === 'gateway') return gateway(plan);
  return app === 'worker' ? worker(plan) : tier(plan, app);
}

function common(plan: StackPlan, { app, name: part }: Replica): Record<string, string> {
  const name = app.toUpperCase();
  return {
    ...plan.environment.telemetry,
    ...plan.environment.tuning[app],
    NODE_ENV: 'production',
    TZ: 'UTC',
    [`${name}_PORT`]: String(plan.ports[part]),
    [`${name}_METRICS_PORT`]: String(plan.ports[`${part}-metrics`]),
    KAFKA_BROKERS: plan.kafkaBrokers,
    PUBLIC_URL: plan.publicUrl,
    SERVICE_TOKEN_PUBLIC_KEYS: publicKeys(plan),
  };
}

function publicKeys({ secrets }: StackPlan): string {
  const pairs = Object.entries(secrets.signing).map(([name, pair]) => [name, pair.public_key]);
  return JSON.stringify(Object.fromEntries(pairs));
}

function tier(plan: StackPlan, name: Tier): Record<string, string> {
  const prefix = `${name.toUpperCase()}_DB`;
  const { app, system } = plan.databases[name].urls;
  return {
    [`${prefix}_URL`]: app,
    [`${prefix}_SYSTEM_URL`]: system,
    ...(name === 'oltp' && oltpSecrets(plan)),
    ...(name === 'queue' && privateKey(plan, 'queue')),
  };
}

/** Also what oltp's `bootstrap` entry point needs. */
function oltpSecrets({ secrets }: StackPlan): Record<string, string> {
  return {
    OLTP_ENCRYPTION_KEY_SECRET: secrets.encryption_key,
    OLTP_HASH_KEY_SECRET: secrets.hash_key,
  };
}

const privateKey = ({ secrets }: StackPlan, signer: Signer): Record<string, string> => ({
  SERVICE_TOKEN_PRIVATE_KEY_SECRET: secrets.signing[signer].private_key,
});

function tierUrls(plan: StackPlan): Record<string, string> {
  const url = (name: Tier): string =>
    `http://${HOST}:${linkedPort(plan.environment, servicePort(plan, name))}`;
  return Object.fromEntries(tiers.map((name) => [`${name.toUpperCase()}_URL`, url(name)]));
}

function gateway(plan: StackPlan): Record<string, string> {
  const cursor = { CURSOR_SECRET: plan.secrets.cursor_secret };
  return { ...tierUrls(plan), ...privateKey(plan, 'gateway'), ...cursor };
}

function worker(plan: StackPlan): Record<string, string> {
  const { smtpUrl, sandboxSmtpUrl } = plan;
  const relays = { SMTP_URL: smtpUrl, ...(sandboxSmtpUrl && { SANDBOX_SMTP_URL: sandboxSmtpUrl }) };
  return { ...tierUrls(plan), ...privateKey(plan, 'worker'), ...relays };
}
