import { KafkaSliceServer } from '@penguinmails/kafka';

/**
 * The Nest transport of a tier: `app.connectMicroservice({ strategy: app.get(EventTransport) })`,
 * then `await app.startAllMicroservices()`, which fails when the handlers are incomplete.
 */
export class EventTransport extends KafkaSliceServer {}
