import { isEmptyList, isNull, plainBody, plainMatch, plainText } from '@penguinmails/http';
import { isPlainClaim } from '../idempotency/plain-claim.js';
import {
  type AcceptEmailRequest,
  EMAIL_ID,
  MAX_ADDRESS,
  MAX_SIZE_BYTES,
  MAX_SUBJECT,
  NO_CONTROLS,
  STORAGE_KEY,
} from './email.requests.js';

const hasNoControls = plainMatch(NO_CONTROLS);
const isShort = plainText(MAX_SUBJECT, 0);

/** An acceptance without tags, reply address or time, as nearly all are. */
export const isPlainEmail = plainBody<AcceptEmailRequest>({
  id: plainMatch(EMAIL_ID),
  storage_key: plainMatch(STORAGE_KEY),
  from: plainText(MAX_ADDRESS),
  to: plainText(MAX_ADDRESS),
  subject: (value) => isShort(value) && hasNoControls(value),
  reply_to: isNull,
  tags: isEmptyList,
  scheduled_at: isNull,
  size_bytes: (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_SIZE_BYTES,
  idempotency: (value) => value === undefined || isPlainClaim(value),
});
