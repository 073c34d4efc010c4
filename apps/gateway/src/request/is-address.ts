import { parseAddrSpec } from '@penguinmails/contracts';
import { Must } from './must.js';

/** Exactly one addr-spec: no name, no list, no control characters. */
export const IsAddress = () =>
  Must(
    'invalid_address',
    (value) => typeof value === 'string' && parseAddrSpec(value) !== null,
    'must be exactly one e-mail address',
  );
