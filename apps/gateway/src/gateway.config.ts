import {
  type ConfigOf,
  defineConfig,
  type Environment,
  listenVariables,
  privateKeyVariable,
  publicUrlVariable,
  text,
  tierUrlVariables,
} from '@penguinmails/config';

const variables = {
  http: listenVariables('GATEWAY'),
  tiers: tierUrlVariables(),
  privateKey: privateKeyVariable(),
  /** Signs page cursors: the same for all replicas. */
  cursorSecret: text('CURSOR_SECRET').secret(),
  publicUrl: publicUrlVariable(),
};

export type GatewayConfig = ConfigOf<typeof variables>;

/** @throws ConfigError naming every variable that is missing or does not parse */
export function readGatewayConfig(env: Environment = process.env): GatewayConfig {
  return defineConfig(variables, env);
}
