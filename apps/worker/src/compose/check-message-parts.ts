import { parseAddrSpec } from '@penguinmails/contracts';
import type { MessageContent } from '../clients/content.client.js';
import type { Envelope } from '../clients/oltp.client.js';
import { ComposeError } from './composed-message.js';
import { oneLine } from './header-text.js';

const HEADER_NAME = /^(?:x-[!-9;-~]{1,98}|in-reply-to|references)$/i;
const MESSAGE_ID = /^<[!-;=?-~]{1,900}>$/;
const CONTENT_TYPE = /^[a-z0-9][\w.+-]*\/[a-z0-9][\w.+-]*(?:; ?[\w-]+=[\w.+-]+)*$/i;
const CONTENT_ID = /^[\w!#$%&'*+/=?^`{|}~.@-]+$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const TOKEN_MAX = 255;

type Attachment = MessageContent['attachments'][number];

/**
 * The rules of the API, again before anything is composed: one addr-spec per address, headers by allow
 * list, no CR, LF or NUL, files that are base64 (reference/security.md row 12).
 * @throws ComposeError
 */
export function checkMessageParts(envelope: Envelope, content: MessageContent): void {
  checkEnvelope(envelope);
  for (const [name, value] of Object.entries(content.headers)) {
    if (!HEADER_NAME.test(name)) throw new ComposeError('a header is not on the allow list');
    oneLine(value);
  }
  content.attachments.forEach(checkAttachment);
}

function checkEnvelope({ from, to, reply_to, subject, message_id, date }: Envelope): void {
  const addresses = [from.address, to, ...(reply_to === null ? [] : [reply_to])];
  if (!addresses.every(parseAddrSpec)) throw new ComposeError('an address is not one addr-spec');
  if (!MESSAGE_ID.test(message_id)) throw new ComposeError('the Message-ID is malformed');
  if (Number.isNaN(Date.parse(date))) throw new ComposeError('the date is malformed');
  oneLine(subject);
  oneLine(from.name ?? '');
}

function checkAttachment({ filename, content_type, content_id, content }: Attachment): void {
  oneLine(filename);
  if (!isToken(content_type, CONTENT_TYPE)) throw new ComposeError('a content type is malformed');
  if (content_id !== null && !isToken(content_id, CONTENT_ID))
    throw new ComposeError('a content id is malformed');
  if (!BASE64.test(content)) throw new ComposeError('a file is not base64');
}

function isToken(text: string, pattern: RegExp): boolean {
  return text.length <= TOKEN_MAX && pattern.test(text);
}
