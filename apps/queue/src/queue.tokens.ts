/** The service's logger. */
export const QUEUE_LOGGER = Symbol('queue logger');
