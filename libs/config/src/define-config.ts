import { Secret } from './secret.js';
import { BadValue, type Environment, Variable } from './variable.js';

/** A tree whose leaves are variables; the configuration has the same shape. */
export interface Variables {
  readonly [key: string]: Variable<unknown> | Variables;
}

/** The configuration of a tree of variables: same keys, parsed values, read-only all the way down. */
export type ConfigOf<V> =
  V extends Variable<infer T> ? T : { readonly [K in keyof V]: ConfigOf<V[K]> };

/** Thrown when variables are missing or bad: names all of them, never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** @param problems one line a variable, such as `OLTP_PORT is not an integer` */
  constructor(readonly problems: readonly string[]) {
    super(`Configuration is not usable:\n  ${problems.join('\n  ')}`);
  }
}

/**
 * Parses the environment once into a frozen object of the same shape as `variables`.
 * @throws ConfigError naming every variable that is missing or does not parse
 */
export function defineConfig<const V extends Variables>(
  variables: V,
  env: Environment,
): ConfigOf<V> {
  const problems: string[] = [];
  const config = readTree(variables, env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config as ConfigOf<V>;
}

function readTree(variables: Variables, env: Environment, problems: string[]): unknown {
  const entries = Object.entries(variables).map(([key, node]) => [
    key,
    node instanceof Variable ? readLeaf(node, env, problems) : readTree(node, env, problems),
  ]);
  return Object.freeze(Object.fromEntries(entries));
}

function readLeaf(leaf: Variable<unknown>, env: Environment, problems: string[]): unknown {
  try {
    return deepFreeze(leaf.read(env));
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    problems.push(`${leaf.name} ${error.message}`);
    return undefined;
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
