/** Longest reply text that is stored or shown, in characters. */
export const REPLY_MAX_LENGTH = 200;

/** Longest reply looked at: the expression below is linear, but a reply is somebody else's text. */
const LOOKED_AT = 2000;

/** RFC 5322 addr-spec, generously: dot-atom or quoted local part, dot-atom or literal domain. */
const ADDR_SPEC =
  /(?:"[^"]{0,320}"|[^\s<>()[\]",;:@]{1,320})@(?:\[[^\]\s]{1,100}\]|[^\s<>()[\]",;:@]{1,255})/g;

/**
 * A server's reply without addresses and control characters, at most {@link REPLY_MAX_LENGTH} characters.
 */
export function maskedReply(reply: string | null): string | null {
  if (reply === null) return null;
  const text = reply
    .slice(0, LOOKED_AT)
    .replace(ADDR_SPEC, '<address>')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  return text.slice(0, REPLY_MAX_LENGTH);
}
