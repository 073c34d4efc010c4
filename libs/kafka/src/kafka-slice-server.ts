import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { type SliceConsumer } from './slice-consumer.js';

/** A method that Nest found under `@EventPattern`, made callable like a plain function. */
export interface EventHandler {
  /** What the decorator gave as `extras`. */
  extras: Readonly<Record<string, unknown>>;
  /** Resolves when the method is done; rejects with what it threw (see the exception filter). */
  run(payload: unknown, context: unknown): Promise<void>;
}

export interface KafkaSliceServerSettings {
  /**
   * Called once with all handlers, by event type, when the application starts its transports.
   * Throws to fail the boot; null when there is nothing to consume.
   */
  createConsumer: (handlers: ReadonlyMap<string, EventHandler>) => SliceConsumer | null;
}

/**
 * Nest transport strategy over slices: Nest finds and builds the `@EventPattern` handlers, and the
 * consumer runs. Kafka being down neither fails nor delays `listen`.
 */
export class KafkaSliceServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol.for('penguinmails.kafka-slices');
  override propagatesEventHandlerErrors = true;
  #consumer: SliceConsumer | null = null;

  constructor(private readonly settings: KafkaSliceServerSettings) {
    super();
  }

  /** The running consumer; null before `listen` and when there is nothing to consume. */
  get consumer(): SliceConsumer | null {
    return this.#consumer;
  }

  /** Nest would chain a second handler of the same event behind the first: that is refused. */
  override addHandler(
    pattern: string,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (this.messageHandlers.has(this.normalizePattern(pattern))) {
      throw new Error(`more than one handler for ${pattern}`);
    }
    super.addHandler(pattern, callback, isEventHandler, extras);
  }

  listen(callback: (error?: unknown) => void): void {
    try {
      this.#consumer = this.settings.createConsumer(this.#handlers());
      this.#consumer?.start();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  async close(): Promise<void> {
    await this.#consumer?.stop();
  }

  on(): never {
    throw new Error('this transport has no events; ask consumer.state()');
  }

  unwrap<T>(): T {
    return this.#consumer as T;
  }

  #handlers(): Map<string, EventHandler> {
    return new Map([...this.messageHandlers].map(([type, nest]) => [type, plainHandler(nest)]));
  }
}

/**
 * Nest answers with a value, a promise, or an Observable (interceptors; and failures, which its
 * exception filters turn into an Observable that fails only when subscribed to).
 */
function plainHandler(callback: MessageHandler): EventHandler {
  return {
    extras: callback.extras ?? {},
    async run(payload, context) {
      const result: unknown = await callback(payload, context);
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    },
  };
}
