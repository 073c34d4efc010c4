/** Octets: RFC 5321 4.5.3.1.3 allows a path of 256 with its angle brackets. */
const MAX_ADDRESS = 254;
/** RFC 5321 4.5.3.1.1 and 4.5.3.1.2. */
const MAX_LOCAL_PART = 64;
const MAX_DOMAIN = 253;
const MAX_LABEL = 63;

const DOT_STRING = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const DIGITS = /^\d+$/;

/** One e-mail address, taken apart. */
export interface AddrSpec {
  /** As it was given. */
  readonly address: string;
  readonly localPart: string;
  /** In lower case. */
  readonly domain: string;
  /**
   * The whole in lower case: what addresses are compared and suppressed by. RFC 5321 lets a server
   * tell local parts apart by case; no server we know does.
   */
  readonly norm: string;
}

/**
 * Parses exactly one addr-spec: the Mailbox of RFC 5321 section 4.1.2, of which this is a subset.
 * Refused by rule: quoted local parts (they may hold `@`, commas and blanks), address literals,
 * domains of one label or with a numeric last label, comments, blanks, display names, and anything
 * outside ASCII (a domain in another script must come in its xn-- form; local parts in UTF-8 would
 * need SMTPUTF8 at every server on the way). Lengths are checked before any pattern runs.
 * @returns null when the text is anything else
 */
export function parseAddrSpec(text: string): AddrSpec | null {
  if (text.length > MAX_ADDRESS) return null;
  const at = text.indexOf('@');
  if (at < 1 || at !== text.lastIndexOf('@')) return null;
  const localPart = text.slice(0, at);
  const domain = text.slice(at + 1);
  // Checked as given: lower-casing first would turn the Kelvin sign into a k.
  if (!isLocalPart(localPart) || !isDomain(domain)) return null;
  const norm = text.toLowerCase();
  return { address: text, localPart, domain: domain.toLowerCase(), norm };
}

function isLocalPart(text: string): boolean {
  return text.length <= MAX_LOCAL_PART && DOT_STRING.test(text);
}

function isDomain(text: string): boolean {
  if (text.length > MAX_DOMAIN) return false;
  const labels = text.split('.');
  if (labels.length < 2 || DIGITS.test(labels[labels.length - 1])) return false;
  return labels.every((label) => label.length <= MAX_LABEL && LABEL.test(label));
}
