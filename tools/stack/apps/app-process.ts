import { nodePath, root } from '../repository.ts';
import type { Command, Part } from '../supervisor/part.ts';
import type { StackPlan } from '../plan.ts';
import type { App } from '../ports.ts';
import { builtFile, compileCache } from './build.ts';
import { environmentOf, metricsUrl } from './environment.ts';

const ANSWER_WITHIN_MS = 2_000;
const QUIET = '--disable-warning=TimeoutNegativeWarning'; // kafkajs 2.2.4 on Node 24

/** One of the seven apps as a part of the stack. */
export class AppProcess implements Part {
  readonly name: App;
  readonly order = 3;
  readonly stopSignal = 'SIGTERM';
  readonly stopWithinMs = 28_000; // requests in flight may take 25 s
  readonly readyWithinMs = 60_000;
  readonly #plan: StackPlan;

  constructor(plan: StackPlan, app: App) {
    this.#plan = plan;
    this.name = app;
  }

  async prepare(): Promise<Command> {
    const preload = builtFile(this.name, 'instrumentation.js');
    const args = [QUIET, ...this.#preload(), '--import', preload, builtFile(this.name, 'main.js')];
    const env = { ...environmentOf(this.#plan, this.name), ...compileCache };
    return { file: nodePath, args, env, cwd: root };
  }

  #preload(): string[] {
    const file = this.#plan.environment.preloads[this.name];
    return file === undefined ? [] : ['--import', file];
  }

  /** Ready as the app itself says: its own database answers. */
  async probe(): Promise<void> {
    const url = `${metricsUrl(this.#plan, this.name)}/readyz`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`/readyz answers ${answer.status}: ${text.slice(0, 300)}`);
  }
}
