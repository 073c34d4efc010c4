const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/**
 * `tenant`, `mailbox:<id>`, `domain:<keyed hash of a recipient's domain>`, or `domain:*` for each domain
 * that has no limit of its own.
 */
export const LIMIT_KEY = new RegExp(`^(?:tenant|mailbox:${UUID}|domain:(?:\\*|[0-9a-f]{32}))$`);
