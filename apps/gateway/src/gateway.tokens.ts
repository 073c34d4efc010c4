/** What is handed in rather than made by Nest. */
export const GATEWAY_LOGGER = Symbol('logger of the gateway');
