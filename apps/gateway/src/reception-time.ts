import { budgetOf, type PlatformRequest } from '@penguinmails/http';
import { RequestBudget } from '@penguinmails/http/tier-client';
import type { FastifyInstance } from 'fastify';

/**
 * The 3 s of a request are for the tiers: the time that its client takes to send the body does not
 * count, else a slow upload would be answered as an outage.
 */
export function useReceptionTime(instance: FastifyInstance): void {
  const left = new WeakMap<object, number>();
  instance.addHook('preParsing', (request, _reply, payload, done) => {
    left.set(request, budgetOf(request as PlatformRequest).remaining());
    done(null, payload);
  });
  instance.addHook('preValidation', (incoming, _reply, done) => {
    const request = incoming as PlatformRequest;
    request.budget = new RequestBudget(left.get(request));
    done();
  });
}
