import { queryOnce } from '../../stack/postgres/query.ts';
import { readStackFile, type StackDescription } from '../../stack/stack-file.ts';
import { sendControl } from '../../stack/supervisor/control-socket.ts';
import { startTestStack, type TestStack } from '../../test/test-stack.ts';

/**
 * Short enough to pass in a run, and in the product's proportions: the reaper works ten times in each, and
 * together they are longer than a commit that the disk keeps waiting.
 */
export const GRACES = { pendingSeconds: 5, deniedSeconds: 15 } as const;

const HASTE = {
  CONTENT_PENDING_GRACE_SECONDS: String(GRACES.pendingSeconds),
  CONTENT_DENIED_GRACE_SECONDS: String(GRACES.deniedSeconds),
  CONTENT_ASK_AGAIN_SECONDS: '1',
  CONTENT_REAP_INTERVAL_MS: '200',
};

/** A whole product whose content tier is in a hurry to delete. Dead parts stay dead until started. */
export class DriftStack {
  readonly #stack: TestStack;

  private constructor(stack: TestStack) {
    this.#stack = stack;
  }

  static async start(): Promise<DriftStack> {
    return new DriftStack(await startTestStack(['--no-demo', '--no-restart'], HASTE));
  }

  stop(): Promise<void> {
    return this.#stack.stop();
  }

  /** @throws Error when the stack is not ready */
  get description(): StackDescription {
    const description = readStackFile(this.#stack.dataDirectory);
    if (!description) throw new Error('the stack is not ready');
    return description;
  }

  /** kill | pause | resume | stop | start a part. @throws Error when it could not be done */
  async tell(command: string, part: string): Promise<void> {
    const answer = await sendControl(this.#stack.dataDirectory, command, part);
    if (!answer?.ok) throw new Error(`${command} ${part}: ${answer?.text ?? 'no supervisor'}`);
  }

  /** SIGKILL, then started again. */
  async crash(part: string): Promise<void> {
    await this.tell('kill', part);
    await this.tell('stop', part);
    await this.tell('start', part);
  }

  /** One statement as superuser: the judge sees the rows of all tenants. */
  rows<R extends object>(tier: 'oltp' | 'content', text: string, values?: unknown[]): Promise<R[]> {
    return queryOnce<R>(this.description.databases[tier].admin_url, text, values);
  }
}
