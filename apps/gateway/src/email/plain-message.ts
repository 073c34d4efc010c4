import { plainBody } from '@penguinmails/http';
import { isAddress } from '../request/is-address.js';
import { isLine } from '../request/line-text.js';
import { MAX_SUBJECT } from './message-limits.js';
import type { SendEmailRequest } from './send-email.request.js';

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

const isBody = (value: unknown): boolean => isAbsent(value) || typeof value === 'string';

/** A message of text alone, as nearly all are: no headers, tags, files or time of its own. */
export const isPlainMessage = plainBody<Required<SendEmailRequest>>({
  from: isAddress,
  to: isAddress,
  subject: (value) => isLine(value, 1, MAX_SUBJECT),
  text: isBody,
  html: isBody,
  headers: isAbsent,
  reply_to: (value) => isAbsent(value) || isAddress(value),
  tags: isAbsent,
  scheduled_at: isAbsent,
  attachments: isAbsent,
});
