import {
  type ConfigOf,
  defineConfig,
  type Environment,
  int,
  listenVariables,
  privateKeyVariable,
  publicUrlVariable,
  text,
  tierUrlVariables,
} from '@penguinmails/config';

/** What a tier takes in one request. */
const MAX_TOGETHER = 256;

const variables = {
  http: listenVariables('GATEWAY'),
  tiers: tierUrlVariables(),
  privateKey: privateKeyVariable(),
  /** Signs page cursors: the same for all replicas. */
  cursorSecret: text('CURSOR_SECRET').secret(),
  publicUrl: publicUrlVariable(),
  /** Calls of different requests that travel to a tier in one; 1: each by itself. */
  callsTogether: int('GATEWAY_CALLS_TOGETHER', { min: 1, max: MAX_TOGETHER }).default(64),
};

export type GatewayConfig = ConfigOf<typeof variables>;

/** @throws ConfigError naming every variable that is missing or does not parse */
export function readGatewayConfig(env: Environment = process.env): GatewayConfig {
  return defineConfig(variables, env);
}
