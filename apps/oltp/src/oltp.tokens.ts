/** Logger of this service. */
export const OLTP_LOGGER = Symbol('OLTP_LOGGER');
