export { Secret } from './secret.js';
export { BadValue, type Environment, Variable, variable } from './variable.js';
export { base64, bool, int, json, list, oneOf, port, text, url } from './builders.js';
export { ConfigError, type ConfigOf, defineConfig, type Variables } from './define-config.js';
export {
  databaseVariables,
  kafkaVariables,
  listenVariables,
  metricsVariables,
  privateKeyVariable,
  publicUrlVariable,
  type PublicKeys,
  type Tier,
  tiers,
  tierUrlVariables,
  tierVariables,
  type TokenIssuer,
  tokenIssuers,
  tokenVariables,
} from './platform-variables.js';
