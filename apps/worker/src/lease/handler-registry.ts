import type { JobHandler } from './job-handler.js';

/**
 * Job type → handler. Building it fails, and with it the boot, when a declared type has no handler,
 * a handler serves an undeclared type, or two serve one (style point 9).
 */
export class HandlerRegistry {
  private readonly handlers: ReadonlyMap<string, JobHandler>;

  constructor(declared: readonly string[], handlers: readonly JobHandler[]) {
    this.handlers = new Map(handlers.map((handler) => [handler.type, handler]));
    const missing = declared.filter((type) => !this.handlers.has(type));
    const unknown = handlers.filter(({ type }) => !declared.includes(type));
    if (missing.length > 0) throw new Error(`job types without a handler: ${missing.join(', ')}`);
    if (unknown.length > 0)
      throw new Error(
        `handlers of undeclared job types: ${unknown.map(({ type }) => type).join(', ')}`,
      );
    if (this.handlers.size < handlers.length) throw new Error('two handlers of one job type');
  }

  get types(): string[] {
    return [...this.handlers.keys()];
  }

  /** @throws Error for a type that was never declared: the queue leases by type, so it is a defect */
  handlerOf(type: string): JobHandler {
    const handler = this.handlers.get(type);
    if (!handler) throw new Error(`no handler for job type ${type}`);
    return handler;
  }
}
