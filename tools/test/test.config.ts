import type { WantedParts } from './test-parts.ts';

/** A part whose address is given already is not started. */
export function wantedParts(env: NodeJS.ProcessEnv = process.env): WantedParts {
  return { postgres: !env.TEST_POSTGRES_ADMIN_URL, kafka: !env.TEST_KAFKA_BROKERS };
}

/** Tells Jest's workers, which inherit the environment, where the parts are. */
export function publishParts(postgresUrl: string | undefined, brokers: string | undefined): void {
  if (postgresUrl !== undefined) process.env.TEST_POSTGRES_ADMIN_URL = postgresUrl;
  if (brokers !== undefined) process.env.TEST_KAFKA_BROKERS = brokers;
}

/** Everything this process was given, for programs that it starts. */
export const inheritedEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env });
