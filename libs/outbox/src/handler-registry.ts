import {
  type EventType,
  ownerOf,
  type Tier,
  topicsOf,
  topicsOfAll,
  typesConsumedBy,
  typesEmittedBy,
} from '@penguinmails/contracts';
import type { EventHandler } from '@penguinmails/kafka';
import { SYSTEM_EVENT_RAISED } from './given-up-event.js';
import type { HandlerLogin } from './handles-event.js';

/** What a service says of itself in `<tier>.events.ts`. */
export interface EventDeclarations {
  tier: Tier;
  consumes: readonly EventType[];
  emits: readonly EventType[];
}

/** Handlers, declarations and contracts disagree; the message lists every finding. */
export class IncompleteRegistryError extends Error {
  override readonly name = 'IncompleteRegistryError';
  constructor(readonly findings: readonly string[]) {
    super(`events of this service are incomplete: ${findings.join('; ')}`);
  }
}

/** @throws IncompleteRegistryError when `<tier>.events.ts` and the contracts differ */
export function assertDeclared({ tier, consumes, emits }: EventDeclarations): void {
  const told = consumes.length > 0 ? ([SYSTEM_EVENT_RAISED] as const) : [];
  const owned = typesEmittedBy(tier).filter((type) => ownerOf(type) === tier);
  const findings = [
    ...missing(consumes, typesConsumedBy(tier), (type) => `contracts have no ${tier} for ${type}`),
    ...missing(typesConsumedBy(tier), consumes, (type) => `${type} is not in consumes`),
    ...missing(emits, typesEmittedBy(tier), (type) => `${tier} may not emit ${type}`),
    ...missing([...owned, ...told], emits, (type) => `${type} is not in emits`),
  ];
  if (findings.length > 0) throw new IncompleteRegistryError(findings);
}

/** The handlers of a service: exactly one for each type it consumes, one login per topic. */
export class HandlerRegistry {
  readonly topics: readonly string[];
  readonly #handlers: ReadonlyMap<string, EventHandler>;

  /** @throws IncompleteRegistryError */
  constructor(consumes: readonly EventType[], handlers: ReadonlyMap<string, EventHandler>) {
    const findings = [
      ...missing(consumes, [...handlers.keys()], (type) => `${type} has no handler`),
      ...missing([...handlers.keys()], consumes, (type) => `${type} is handled but not consumed`),
      ...[...handlers].filter(([, handler]) => !loginOf(handler)).map(([type]) => noLogin(type)),
    ];
    if (findings.length > 0) throw new IncompleteRegistryError(findings);
    this.#handlers = handlers;
    this.topics = topicsOfAll(consumes);
    this.#assertOneLoginPerTopic(consumes);
  }

  readonly handles = (type: string): type is EventType => this.#handlers.has(type);

  /** @throws RangeError when the type has no handler; ask `handles` first */
  handlerOf(type: EventType): EventHandler {
    const handler = this.#handlers.get(type);
    if (!handler) throw new RangeError(`no handler for ${type}`);
    return handler;
  }

  /** The database login on which the events of a topic are handled. */
  loginOf(topic: string): HandlerLogin {
    const type = [...this.#handlers.keys()].find((known) =>
      topicsOf(known as EventType).includes(topic),
    );
    const login = type && loginOf(this.handlerOf(type as EventType));
    if (!login) throw new RangeError(`no handler reads ${topic}`);
    return login;
  }

  #assertOneLoginPerTopic(consumes: readonly EventType[]): void {
    const mixed = this.topics.filter((topic) => {
      const types = consumes.filter((type) => topicsOf(type).includes(topic));
      return new Set(types.map((type) => loginOf(this.handlerOf(type)))).size > 1;
    });
    if (mixed.length === 0) return;
    throw new IncompleteRegistryError(mixed.map((topic) => `handlers of ${topic} mix logins`));
  }
}

function missing<T extends string>(
  wanted: readonly T[],
  present: readonly string[],
  finding: (type: T) => string,
): string[] {
  return wanted.filter((type) => !present.includes(type)).map(finding);
}

function loginOf({ extras }: EventHandler): HandlerLogin | undefined {
  return extras.login === 'app' || extras.login === 'system' ? extras.login : undefined;
}

function noLogin(type: string): string {
  return `the handler of ${type} has no login: use @HandlesEvent`;
}
