import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Ledger, Tried } from '../ledger.ts';
import type { Sender } from './tenants.ts';

const ANSWER_WITHIN_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
const RETRYABLE = [409, 429, 503];

/** What the clients of one round met. */
export interface LoadReport {
  /** Requests by answer: a status, or `lost` where the connection broke or the time was up. */
  answers: Record<string, number>;
  /** Longest time that one request was open. */
  maxWaitMs: number;
}

export interface LoadSettings {
  publicUrl: string;
  senders: readonly Sender[];
  ledger: Ledger;
  emails: number;
  concurrency: number;
  /** Part of every key and address. */
  label: string;
}

/**
 * Clients that do what the API asks of a client: write down, send, and on a lost or retryable answer
 * send again with the same Idempotency-Key, until the 2xx or until they are told to stop.
 */
export class Load {
  readonly report: LoadReport = { answers: {}, maxWaitMs: 0 };
  readonly #settings: LoadSettings;
  readonly #pool: Pool;
  readonly #stop = new AbortController();
  #next = 0;

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#pool = new Pool(settings.publicUrl, {
      connections: settings.concurrency,
      connectTimeout: ANSWER_WITHIN_MS,
      headersTimeout: ANSWER_WITHIN_MS,
      bodyTimeout: ANSWER_WITHIN_MS,
    });
  }

  /** Settles when every e-mail has its 2xx, was refused for good, or `stop` was called. */
  async run(): Promise<void> {
    const { concurrency } = this.#settings;
    await Promise.all(Array.from({ length: concurrency }, () => this.#client()));
    await this.#pool.destroy();
  }

  /** The longest wait so far; counts anew from here, requests that are open included. */
  forgetWaits(): number {
    const { maxWaitMs } = this.report;
    this.report.maxWaitMs = 0;
    return maxWaitMs;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #client(): Promise<void> {
    const { emails, senders, label } = this.#settings;
    while (this.#next < emails && !this.#stop.signal.aborted) {
      const number = this.#next;
      this.#next += 1;
      const sender = senders[number % senders.length];
      if (sender === undefined) return;
      const key = `${label}-${number}`;
      await this.#send(sender, { key, tenantId: sender.tenantId, to: `${key}@chaos.test` });
    }
  }

  async #send(sender: Sender, email: Tried): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    await this.#settings.ledger.try(email);
    while (!(await this.#post(sender, email)) && !this.#stop.signal.aborted) {
      await delay(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  /** True when there is nothing more to do for this e-mail. */
  async #post(sender: Sender, { key, to }: Tried): Promise<boolean> {
    const began = performance.now();
    const body = JSON.stringify({ from: sender.from, to, subject: key, text: textOf(key) });
    const headers = {
      authorization: `Bearer ${sender.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    };
    const answer = await this.#answer({ headers, body });
    this.report.maxWaitMs = Math.max(this.report.maxWaitMs, performance.now() - began);
    this.#count(answer);
    if (answer.id !== undefined) await this.#settings.ledger.ack(key, answer.id);
    return answer.status !== undefined && !RETRYABLE.includes(answer.status);
  }

  /** A request without an answer is neither refused nor accepted: the same key asks again. */
  async #answer(request: {
    headers: Record<string, string>;
    body: string;
  }): Promise<{ status?: number; id?: string }> {
    try {
      const answer = await this.#pool.request({ path: '/v1/emails', method: 'POST', ...request });
      const text = await answer.body.text();
      const { statusCode: status } = answer;
      return status === 202 ? { status, id: (JSON.parse(text) as { id: string }).id } : { status };
    } catch {
      return {};
    }
  }

  #count({ status }: { status?: number }): void {
    const { answers } = this.report;
    const name = String(status ?? 'lost');
    answers[name] = (answers[name] ?? 0) + 1;
  }
}

/** The body of an e-mail: its own words, so that a mix-up shows. */
export const textOf = (key: string): string => `These are the words of ${key}.\n`;
