import { parseAddrSpec } from '@penguinmails/contracts';
import { Must } from './must.js';

/** True for exactly one addr-spec. */
export const isAddress = (value: unknown): boolean =>
  typeof value === 'string' && parseAddrSpec(value) !== null;

/** Exactly one addr-spec: no name, no list, no control characters. */
export const IsAddress = () =>
  Must('invalid_address', isAddress, 'must be exactly one e-mail address');
