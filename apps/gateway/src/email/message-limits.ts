const MIB = 1024 * 1024;

/** Both bodies, headers and all files, decoded. */
export const MAX_MESSAGE_BYTES = 25 * MIB;
/** Each of text and html, in UTF-8. */
export const MAX_BODY_BYTES = 5 * MIB;
export const MAX_ATTACHMENTS = 25;
export const MAX_TAGS = 10;
/** RFC 5322 2.1.1: a line without its end. */
export const MAX_SUBJECT = 998;
export const MAX_HEADERS = 50;
export const MAX_AHEAD_DAYS = 365;

/**
 * The largest request that can hold a legal message: base64 adds a third to the files, JSON escapes
 * may grow the bodies.
 */
export const REQUEST_LIMIT_BYTES = 48 * MIB;
