import { join } from 'node:path';
import { nodePath, root } from '../repository.ts';
import type { Command, Part } from '../supervisor/part.ts';

const ANSWER_WITHIN_MS = 1_000;

export interface SmtpSinkSettings {
  port: number;
  inboxPort: number;
  /** Where the received messages lie. */
  directory: string;
}

/** The local inbox as a part of the stack. */
export class SmtpSink implements Part {
  readonly name = 'smtp';
  readonly order = 2;
  readonly stopSignal = 'SIGTERM';
  readonly stopWithinMs = 5_000;
  readonly readyWithinMs = 30_000;
  readonly #settings: SmtpSinkSettings;

  constructor(settings: SmtpSinkSettings) {
    this.#settings = settings;
  }

  async prepare(): Promise<Command> {
    const { port, inboxPort, directory } = this.#settings;
    const script = join(root, 'tools', 'stack', 'smtp', 'main.ts');
    const ports = ['--smtp-port', String(port), '--http-port', String(inboxPort)];
    return { file: nodePath, args: [script, ...ports, '--directory', directory], env: {} };
  }

  async probe(): Promise<void> {
    const url = `http://127.0.0.1:${this.#settings.inboxPort}/api/messages?limit=1`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (!answer.ok) throw new Error(`the inbox answers ${answer.status}`);
    await answer.body?.cancel();
  }
}
