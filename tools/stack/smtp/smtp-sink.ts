import { join } from 'node:path';
import { nodePath, root } from '../repository.ts';
import type { Command, Part } from '../supervisor/part.ts';

const ANSWER_WITHIN_MS = 1_000;

export interface SmtpSinkSettings {
  port: number;
  inboxPort: number;
  /** Where the received messages lie. */
  directory: string;
  /** Also write one line per message, before it is answered, to `arrivals.jsonl` there. */
  journal?: boolean;
  /** How late every answer to DATA comes; `PUT /api/delay` changes it. */
  delayMs?: number;
}

/** The local inbox as a part of the stack. */
export class SmtpSink implements Part {
  readonly name = 'smtp';
  readonly order = 2;
  readonly stopSignal = 'SIGTERM';
  readonly stopWithinMs = 5_000;
  readonly readyWithinMs = 120_000;
  readonly #settings: SmtpSinkSettings;

  constructor(settings: SmtpSinkSettings) {
    this.#settings = settings;
  }

  async prepare(): Promise<Command> {
    const { port, inboxPort, directory, journal = false, delayMs = 0 } = this.#settings;
    const script = join(root, 'tools', 'stack', 'smtp', 'main.ts');
    const ports = ['--smtp-port', String(port), '--http-port', String(inboxPort)];
    const how = ['--delay-ms', String(delayMs), ...(journal ? ['--journal'] : [])];
    return { file: nodePath, args: [script, ...ports, ...how, '--directory', directory], env: {} };
  }

  async probe(): Promise<void> {
    const url = `http://127.0.0.1:${this.#settings.inboxPort}/api/messages?limit=1`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (!answer.ok) throw new Error(`the inbox answers ${answer.status}`);
    await answer.body?.cancel();
  }
}
