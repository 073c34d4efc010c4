import type { EventDataMap } from './generated/event-data.js';

/** `penguinmails.<entity>.<past-tense>.v<N>` of every event in `events/`. */
export type EventType = keyof EventDataMap;

/** The data of one event type, as writers must fill it. */
export type EventData<T extends EventType = EventType> = EventDataMap[T];
