import { plainBody, plainText } from '@penguinmails/http';
import {
  type IdempotencyClaimRequest,
  MAX_FINGERPRINT,
  MAX_HOLDER,
  MAX_KEY,
  MAX_ROUTE,
  METHODS,
  type ReserveKeyRequest,
} from './idempotency.requests.js';

const claim = {
  key: plainText(MAX_KEY),
  method: (value: unknown) => METHODS.includes(value as string),
  route: plainText(MAX_ROUTE),
  holder: plainText(MAX_HOLDER),
};

export const isPlainClaim = plainBody<IdempotencyClaimRequest>(claim);

export const isPlainReservation = plainBody<ReserveKeyRequest>({
  ...claim,
  fingerprint: plainText(MAX_FINGERPRINT),
});
