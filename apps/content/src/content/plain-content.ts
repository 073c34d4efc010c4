import { isEmptyList, plainBody } from '@penguinmails/http';
import type { PutContentRequest } from './content.requests.js';

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';

/** No headers of its own: what they may hold is for the declared rules. */
const hasNothing = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).length === 0;

/** A content of text alone, as nearly all are. */
export const isPlainContent = plainBody<PutContentRequest>({
  text: isTextOrNull,
  html: isTextOrNull,
  headers: hasNothing,
  attachments: isEmptyList,
});
