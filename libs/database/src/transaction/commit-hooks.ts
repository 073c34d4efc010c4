type Hook = () => void | Promise<void>;

/** What is to happen after the commit, in the order it was asked for. */
export class CommitHooks {
  private readonly hooks: Hook[] = [];

  readonly add = (hook: Hook): void => {
    this.hooks.push(hook);
  };

  /** The commit stands whatever a hook does, so its failure is reported, not thrown. */
  async run(onProblem: (problem: Error) => void): Promise<void> {
    for (const hook of this.hooks) {
      try {
        await hook();
      } catch (error) {
        onProblem(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}
