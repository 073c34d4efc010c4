import type { EventDeclaration } from './event-declaration.js';
import type { EventData, EventType } from './event-types.js';
import { eventDeclarations } from './generated/event-declarations.js';
import { applyKeyRule } from './key-rules.js';
import { type Tier, tiers } from './tiers.js';

const TIER_PLACEHOLDER = '<tier>';

/** Every event type of the platform. */
export const eventTypes = Object.keys(eventDeclarations) as readonly EventType[];

/** What a writer knows of an event before it has a key. */
export interface KeyedEvent<T extends EventType> {
  readonly tenantId: string;
  readonly data: EventData<T>;
}

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventDeclarations, type);
}

export function declarationOf(type: EventType): EventDeclaration {
  return eventDeclarations[type];
}

/** The tier that may write the type; `any` for curated admin events. */
export function ownerOf(type: EventType): Tier | 'any' {
  return eventDeclarations[type].owner;
}

/** The tiers that may write the type. */
export function emittersOf(type: EventType): readonly Tier[] {
  const { owner } = eventDeclarations[type];
  return owner === 'any' ? tiers : [owner];
}

/** The tiers that have to handle the type. */
export function consumersOf(type: EventType): readonly Tier[] {
  return eventDeclarations[type].consumers;
}

/**
 * The topic on which `emitter` publishes the type.
 * @param emitter needed only where the owner is `any`
 * @throws TypeError when it is needed and missing
 */
export function topicOf(type: EventType, emitter?: Tier): string {
  const { topic } = eventDeclarations[type];
  if (!topic.includes(TIER_PLACEHOLDER)) return topic;
  if (!emitter) throw new TypeError(`the topic of ${type} depends on the emitting tier`);
  return topic.replace(TIER_PLACEHOLDER, emitter);
}

/** All topics on which the type may appear. */
export function topicsOf(type: EventType): readonly string[] {
  return [...new Set(emittersOf(type).map((emitter) => topicOf(type, emitter)))];
}

/** The topics that a tier's consumer group subscribes to when it consumes these types. */
export function topicsOfAll(types: readonly EventType[]): readonly string[] {
  return [...new Set(types.flatMap(topicsOf))];
}

/** The types that may appear on a topic. */
export function typesOn(topic: string): readonly EventType[] {
  return eventTypes.filter((type) => topicsOf(type).includes(topic));
}

/** What a tier has to handle, by the contracts. */
export function typesConsumedBy(tier: Tier): readonly EventType[] {
  return eventTypes.filter((type) => consumersOf(type).includes(tier));
}

/** What a tier may write, by the contracts. */
export function typesEmittedBy(tier: Tier): readonly EventType[] {
  return eventTypes.filter((type) => emittersOf(type).includes(tier));
}

/**
 * The Kafka key of one event.
 * @throws EventKeyError when its items do not share one bucket
 */
export function keyOf<T extends EventType>(type: T, event: KeyedEvent<T>): string {
  return applyKeyRule(eventDeclarations[type].key, event.tenantId, event.data);
}
