export * from './problem/index.js';
export { type MapError, ProblemFilter } from './problem/problem.filter.js';
export type { Actor, Caller, Mode } from './access/caller.js';
export {
  PlatformRoute,
  PublicRoute,
  ServiceRoute,
  TenantOrPlatformRoute,
  TenantRoute,
} from './access/access.js';
export { assertAccess, type RouteAccess } from './access/route-access.js';
export { BodyLimit } from './access/route-settings.js';
export type { Authenticator } from './access/authenticator.js';
export type { PlatformRequest } from './access/platform-request.js';
export { budgetOf, callerOf, CurrentCaller, RequestId } from './access/current-caller.js';
export { bearerOf, ServiceTokenAuthenticator } from './access/service-token-authenticator.js';
export { assertRoutesDeclareAccess, UndeclaredAccess } from './access/route-walk.js';
export type { TokenKey } from './token/keys.js';
export {
  claimsOf,
  type ServiceTokenClaims,
  ServiceTokenSigner,
  signServiceToken,
} from './token/service-token.js';
export {
  type ServiceTokenExpectation,
  type VerifiedCaller,
  verifyServiceToken,
} from './token/verify-service-token.js';
export {
  type Grant,
  MAX_GRANT_LENGTH,
  signGrant,
  type TenantGrant,
  verifyGrant,
} from './token/grant.js';
export {
  type CursorPosition,
  type CursorScope,
  decodeCursor,
  encodeCursor,
} from './page/cursor.js';
export { type ListEnvelope, listEnvelope, pageSize } from './page/list-envelope.js';
export { bodySchema } from './body/body-schema.js';
export { ParseUuid } from './body/parse-uuid.pipe.js';
export { checkBody } from './body/check-body.js';
export { isEmptyList, isNull, plainBody, plainMatch, plainText } from './body/plain-body.js';
export { PlainForm } from './body/plain-form.js';
export { RequestValidationPipe } from './body/request-validation.pipe.js';
export {
  configureHttp,
  createHttpApplication,
  httpAdapter,
  type HttpOptions,
} from './app/create-http-application.js';
export * from './gathered/index.js';
export { drain } from './app/drain.js';
export { runUntilSignal, type RunOptions } from './app/run-until-signal.js';
export { RequestBudget } from './tier-client/request-budget.js';
export { ParkedEventController } from './parked-event/parked-event.controller.js';
export { ParkedEventDesk } from './parked-event/parked-event-desk.js';
