import { EventEmitter, once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import PostalMime from 'postal-mime';

/** One received message without its body. */
export interface ReceivedMessage {
  object: 'message';
  id: string;
  received_at: string;
  /** Envelope, not headers. */
  from: string;
  to: string[];
  subject: string;
  message_id: string | null;
  size_bytes: number;
  /** `cut`: taken, but the sender was never told. */
  outcome: 'accepted' | 'cut';
}

/** What to look for; every given field must match. */
export interface MessageFilter {
  to?: string;
  subject?: string;
  message_id?: string;
  /** Only messages received after the one with this id. */
  after?: string;
}

/** One line of the journal: every message ever taken, written before its sender is answered. */
export type Arrival = Pick<ReceivedMessage, 'message_id' | 'received_at' | 'to' | 'outcome'>;

/** Name of the journal in the store's directory. */
export const JOURNAL = 'arrivals.jsonl';

/** The last messages, on disk: `<id>.eml` as received and `<id>.json` beside it. */
export class MessageStore {
  readonly #directory: string;
  readonly #keep: number;
  readonly #journal: boolean;
  readonly #arrivals = new EventEmitter();
  #messages: ReceivedMessage[];

  constructor(directory: string, keep: number, journal = false) {
    this.#directory = directory;
    this.#keep = keep;
    this.#journal = journal;
    mkdirSync(directory, { recursive: true });
    this.#arrivals.setMaxListeners(0);
    this.#messages = this.#load();
  }

  /** Newest first. */
  list(filter: MessageFilter = {}, limit = this.#keep): ReceivedMessage[] {
    const found = this.#messages.filter((message) => matches(message, filter));
    return found.slice(-limit).reverse();
  }

  find(id: string): ReceivedMessage | undefined {
    return this.#messages.find((message) => message.id === id);
  }

  raw(id: string): Promise<Buffer> {
    return readFile(this.#file(id, 'eml'));
  }

  async add(
    raw: Buffer,
    envelope: Pick<ReceivedMessage, 'from' | 'to' | 'outcome'>,
  ): Promise<ReceivedMessage> {
    const message = { ...(await this.#describe(raw)), ...envelope };
    if (this.#journal) this.#note(message);
    writeFileSync(this.#file(message.id, 'eml'), raw);
    writeFileSync(this.#file(message.id, 'json'), JSON.stringify(message));
    this.#messages.push(message);
    while (this.#messages.length > this.#keep) this.#forget(this.#messages[0]);
    this.#arrivals.emit('arrival');
    return message;
  }

  remove(id: string): boolean {
    const message = this.find(id);
    this.#forget(message);
    return message !== undefined;
  }

  clear(): void {
    for (const message of [...this.#messages]) this.#forget(message);
  }

  /** The newest match, or the next one that arrives within `timeoutMs`; else undefined. */
  async waitFor(filter: MessageFilter, timeoutMs: number): Promise<ReceivedMessage | undefined> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const [found] = this.list(filter, 1);
      if (found || signal.aborted) return found;
      await this.#nextArrival(signal);
    }
  }

  async #nextArrival(signal: AbortSignal): Promise<void> {
    try {
      await once(this.#arrivals, 'arrival', { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** One write: a crash of this process leaves the whole line or none. */
  #note({ message_id, received_at, to, outcome }: Arrival): void {
    const line = JSON.stringify({ message_id, received_at, to, outcome });
    appendFileSync(join(this.#directory, JOURNAL), `${line}\n`);
  }

  #forget(message: ReceivedMessage | undefined): void {
    if (!message) return;
    this.#messages = this.#messages.filter((other) => other.id !== message.id);
    for (const kind of ['json', 'eml']) rmSync(this.#file(message.id, kind), { force: true });
  }

  async #describe(raw: Buffer): Promise<ReceivedMessage> {
    const end = raw.indexOf('\r\n\r\n');
    const head = await PostalMime.parse(raw.subarray(0, end < 0 ? raw.length : end + 4));
    return {
      object: 'message',
      id: this.#nextId(),
      received_at: new Date().toISOString(),
      from: '',
      to: [],
      subject: head.subject ?? '',
      message_id: head.messageId ?? null,
      size_bytes: raw.length,
      outcome: 'accepted',
    };
  }

  #lastId = 0;

  #nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId).padStart(8, '0');
  }

  #load(): ReceivedMessage[] {
    const files = readdirSync(this.#directory).filter((file) => file.endsWith('.json'));
    const ids = files.map((file) => file.slice(0, -'.json'.length)).sort();
    this.#lastId = Number(ids.at(-1) ?? 0);
    const complete = ids.filter((id) => existsSync(this.#file(id, 'eml')));
    return complete.map((id) => JSON.parse(readFileSync(this.#file(id, 'json'), 'utf8')));
  }

  #file(id: string, kind: string): string {
    return join(this.#directory, `${id}.${kind}`);
  }
}

function matches(message: ReceivedMessage, filter: MessageFilter): boolean {
  const { to, subject, message_id, after } = filter;
  if (to !== undefined && !message.to.includes(to)) return false;
  if (subject !== undefined && message.subject !== subject) return false;
  if (message_id !== undefined && message.message_id !== message_id) return false;
  return after === undefined || message.id > after;
}
