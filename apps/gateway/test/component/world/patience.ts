import { jest } from '@jest/globals';
import {
  RequestBudget,
  seedDeadlines,
  TierClient,
  type TierRequest,
} from '@penguinmails/http/tier-client';

const PATIENCE_MS = 40_000;

/**
 * The gateways of this file wait for their tiers as long as it takes. With a public request's 3 s, each
 * moment in which the machine stands still is an outage; outages.component.ts is about those.
 */
export function beUnhurried(): void {
  const longer = Object.keys(seedDeadlines).map((name) => [name, PATIENCE_MS] as const);
  Object.assign(seedDeadlines, Object.fromEntries(longer));
  jest.spyOn(RequestBudget.prototype, 'remaining').mockReturnValue(PATIENCE_MS);
  const { request, requestFile } = TierClient.prototype;
  jest.spyOn(TierClient.prototype, 'request').mockImplementation(function (
    this: TierClient,
    asked,
  ) {
    return request.call(this, unhurried(asked)) as never;
  });
  jest.spyOn(TierClient.prototype, 'requestFile').mockImplementation(function (
    this: TierClient,
    asked,
  ) {
    return requestFile.call(this, unhurried(asked));
  });
}

function unhurried(asked: TierRequest): TierRequest {
  return { ...asked, deadlineMs: PATIENCE_MS };
}
