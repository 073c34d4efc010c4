import { defineConfig, type Environment, text } from '@penguinmails/config';

/** Where the end-to-end tests find what they test. */
export interface EndToEndConfig {
  /** `stack.json` of a running stack. */
  readonly stackFile: string;
  /** File to which the spans of all its apps are written, one OTLP/JSON request a line. */
  readonly spansFile: string | undefined;
}

/** @throws ConfigError without `STACK_FILE` */
export function readEndToEndConfig(env: Environment = process.env): EndToEndConfig {
  return defineConfig(
    { stackFile: text('STACK_FILE'), spansFile: text('SPANS_FILE').optional() },
    env,
  );
}
