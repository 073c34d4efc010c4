import type { OutgoingMessage } from '../mail-sender.js';
import type { Extensions } from './extensions.js';

/**
 * A message as it goes over the wire, without its last line: CRLF line ends only, leading dots doubled
 * (RFC 5321 section 4.5.2). One latin1 string, so that body, dot and next envelope are one write.
 */
export function wireText({ raw, clean = false }: OutgoingMessage): string {
  // To look at the end of a string of many parts is to copy it.
  if (clean) return raw;
  const text = isClean(raw) ? raw : cleaned(raw);
  return text.endsWith('\r\n') ? text : `${text}\r\n`;
}

/** Hops from line end to line end: a regular expression over the whole body costs several times that. */
function isClean(text: string): boolean {
  if (text.startsWith('.')) return false;
  let lf = text.indexOf('\n');
  let cr = text.indexOf('\r');
  while (lf >= 0 && cr === lf - 1 && text.charCodeAt(lf + 1) !== 46) {
    cr = text.indexOf('\r', lf + 1);
    lf = text.indexOf('\n', lf + 1);
  }
  return lf < 0 && cr < 0;
}

function cleaned(text: string): string {
  const lines = text.replace(/\r\n|\r|\n/g, '\r\n').replaceAll('\r\n.', '\r\n..');
  return lines.startsWith('.') ? `.${lines}` : lines;
}

const ASCII = /^\p{ASCII}*$/u;

/** Addresses that only a server with SMTPUTF8 takes (RFC 6531). */
export function needsUtf8({ from, to }: OutgoingMessage): boolean {
  return !ASCII.test(from) || !ASCII.test(to);
}

export function mailCommand(message: OutgoingMessage, { size }: Extensions): string {
  const sized = size === undefined ? '' : ` SIZE=${message.raw.length}`;
  const utf8 = needsUtf8(message) ? ' SMTPUTF8' : '';
  return bytes(`MAIL FROM:<${message.from}>${sized}${utf8}\r\n`);
}

export function rcptCommand({ to }: OutgoingMessage): string {
  return bytes(`RCPT TO:<${to}>\r\n`);
}

/** UTF-8 as the latin1 text that has the same bytes. */
function bytes(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}
