import { nodeFlags } from '../node-flags.ts';
import { nodePath, root } from '../repository.ts';
import type { Command, Part } from '../supervisor/part.ts';
import type { StackPlan } from '../plan.ts';
import type { Replica } from '../replicas.ts';
import { builtFile, compileCache } from './build.ts';
import { environmentOf, metricsUrl } from './environment.ts';

const ANSWER_WITHIN_MS = 2_000;

/** One process of one of the seven apps as a part of the stack. */
export class AppProcess implements Part {
  readonly name: string;
  readonly order = 3;
  readonly stopSignal = 'SIGTERM';
  readonly stopWithinMs = 28_000; // requests in flight may take 25 s
  readonly readyWithinMs = 180_000;
  readonly #plan: StackPlan;
  readonly #replica: Replica;

  constructor(plan: StackPlan, replica: Replica) {
    this.#plan = plan;
    this.#replica = replica;
    this.name = replica.name;
  }

  async prepare(): Promise<Command> {
    const { app } = this.#replica;
    const preload = builtFile(app, 'instrumentation.js');
    const own = this.#plan.preloads[app];
    const first = own === undefined ? [] : ['--import', own];
    const args = [...nodeFlags, ...first, '--import', preload, builtFile(app, 'main.js')];
    const env = { ...environmentOf(this.#plan, this.#replica), ...compileCache };
    return { file: nodePath, args, env, cwd: root };
  }

  /** Ready as the app itself says: its own database answers. */
  async probe(): Promise<void> {
    const url = `${metricsUrl(this.#plan, this.#replica)}/readyz`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`/readyz answers ${answer.status}: ${text.slice(0, 300)}`);
  }
}
