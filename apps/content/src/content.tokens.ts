/** Logger of this service. */
export const CONTENT_LOGGER = Symbol('CONTENT_LOGGER');

/** ReaperGraces of the configuration. */
export const REAPER_GRACES = Symbol('REAPER_GRACES');

/** Public keys of the token issuers: a grant is checked against queue's. */
export const TOKEN_PUBLIC_KEYS = Symbol('TOKEN_PUBLIC_KEYS');
