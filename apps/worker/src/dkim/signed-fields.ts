import type { HeaderField } from '../compose/composed-message.js';
import { relaxedValue } from './relaxed.js';

/** What a reader sees or a client acts on: signed where present (RFC 6376 section 5.4.1, RFC 8058). */
const SIGNED = new Set([
  'from',
  'to',
  'reply-to',
  'subject',
  'message-id',
  'date',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'in-reply-to',
  'references',
  'list-unsubscribe',
  'list-unsubscribe-post',
]);

/**
 * Named once more than they are there, present or not: nobody may add one (RFC 6376 section 8.15). Cc
 * and Sender are never there.
 */
const OVERSIGNED = [
  'from',
  'to',
  'cc',
  'sender',
  'reply-to',
  'subject',
  'message-id',
  'date',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
];

const LINE = 74;

export interface SignedFields {
  /** The `h=` tag's value, folded. */
  readonly names: string;
  /** The fields in canonical form, in the order of `names`; one that is not there adds nothing. */
  readonly canonical: string;
}

/** Of several fields with one name a verifier takes the last first; a message of ours has each once. */
export function signedFields(fields: readonly HeaderField[]): SignedFields {
  let [present, canonical] = ['', ''];
  for (const field of fields) {
    const name = signedName(field.name);
    if (name === undefined) continue;
    present += `${name}:`;
    canonical += `${name}:${relaxedValue(field.value)}\r\n`;
  }
  return { names: nameList(present), canonical };
}

/** As they were written; only signed ones are kept, in their few spellings. */
const names = new Map<string, string>();

function signedName(written: string): string | undefined {
  const known = names.get(written);
  if (known !== undefined) return known;
  const name = written.toLowerCase();
  if (!SIGNED.has(name)) return undefined;
  names.set(written, name);
  return name;
}

/** Messages have few different sets of fields; custom names are not among the signed ones. */
const lists = new Map<string, string>();

function nameList(present: string): string {
  const known = lists.get(present);
  if (known !== undefined) return known;
  const list = folded([...present.split(':').slice(0, -1), ...OVERSIGNED]);
  lists.set(present, list);
  return list;
}

function folded(names: readonly string[]): string {
  const lines = [''];
  for (const name of names) {
    const line = lines.at(-1) ?? '';
    if (line.length + name.length > LINE) lines.push(`${name}:`);
    else lines[lines.length - 1] = `${line}${name}:`;
  }
  return lines.join('\r\n ').slice(0, -1);
}
