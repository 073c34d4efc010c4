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

/** For texts of a line: an expression takes longer to begin than these take. */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}

/** Addresses that only a server with SMTPUTF8 takes (RFC 6531). */
export function needsUtf8({ from, to }: OutgoingMessage): boolean {
  return !isAscii(from) || !isAscii(to);
}

export function mailCommand(message: OutgoingMessage, { size }: Extensions): string {
  const sized = size === undefined ? '' : ` SIZE=${message.raw.length}`;
  const command = `MAIL FROM:<${message.from}>${sized}`;
  return needsUtf8(message) ? `${bytesOf(command)} SMTPUTF8\r\n` : `${command}\r\n`;
}

export function rcptCommand({ to }: OutgoingMessage): string {
  const command = `RCPT TO:<${to}>\r\n`;
  return isAscii(to) ? command : bytesOf(command);
}

/** UTF-8 as the latin1 text that has the same bytes. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text whose UTF-8 has these bytes, which came as latin1 text. */
export function utf8Of(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
