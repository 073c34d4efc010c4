import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Logger, NestLogger } from '@penguinmails/observability';
import type { Authenticator } from '../access/authenticator.js';
import { assertRoutesDeclareAccess, noteQueryNames } from '../access/route-walk.js';
import { ServiceTokenAuthenticator } from '../access/service-token-authenticator.js';
import { useJsonParser } from '../body/json-parser.js';
import { RequestValidationPipe } from '../body/request-validation.pipe.js';
import { type MapError, ProblemFilter } from '../problem/problem.filter.js';
import type { ServiceTokenExpectation } from '../token/verify-service-token.js';
import { useDrain } from './drain.js';
import { DEFAULT_BODY_LIMIT, fastifyOptions } from './fastify-options.js';
import { useAccess, useQueryRefusal, useRouteLimits, useSafeHeaders } from './request-hooks.js';
import { useRequestTelemetry } from './request-telemetry.js';

export interface HttpOptions {
  readonly logger: Logger;
  /** Bytes; default 1 MiB. `@BodyLimit` for single routes. */
  readonly bodyLimit?: number;
  /** Tiers: what a service token must say. Exactly one of this and `authenticator`. */
  readonly callers?: ServiceTokenExpectation;
  /** Gateway: its own way to find out who calls. */
  readonly authenticator?: (app: NestFastifyApplication) => Authenticator;
  /**
   * `public`: request ids and traces of callers are not taken over. Default `internal`.
   */
  readonly exposure?: 'internal' | 'public';
  /** Paths of routes that are not a controller's, such as documentation; open to everybody. */
  readonly openPaths?: readonly string[];
  /** Problems for errors of a tier's own parts, such as its database being away. */
  readonly mapError?: MapError;
}

/**
 * A Nest application on Fastify with the platform's rules: problems, JSON limits, access before the
 * body, validation, request ids, spans, safe headers. Not listening yet: {@link runUntilSignal}.
 * @throws UndeclaredAccess when a route does not say who may call it
 */
export async function createHttpApplication(
  module: Type | DynamicModule,
  options: HttpOptions,
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, httpAdapter(options), {
    logger: new NestLogger(options.logger),
    bodyParser: false,
    abortOnError: false,
  });
  return configureHttp(app, options);
}

/** The adapter alone, for a TestingModule: `createNestApplication(httpAdapter(o), {bodyParser: false})`. */
export function httpAdapter({ bodyLimit, exposure }: HttpOptions): FastifyAdapter {
  const options = fastifyOptions(bodyLimit ?? DEFAULT_BODY_LIMIT, exposure !== 'public');
  return new FastifyAdapter(options);
}

/** Puts the platform's rules on an application made with {@link httpAdapter}, before it is initialised. */
export function configureHttp(
  app: NestFastifyApplication,
  options: HttpOptions,
): NestFastifyApplication {
  const instance = app.getHttpAdapter().getInstance();
  let authenticator: Authenticator | undefined;
  useRequestTelemetry(instance, options.exposure !== 'public');
  // Before the safe headers, which take `connection: close` from a 413 again.
  useDrain(instance);
  useSafeHeaders(instance);
  useRouteLimits(instance);
  useAccess(
    instance,
    () => (authenticator ??= authenticatorOf(app, options)),
    options.openPaths ?? [],
  );
  useQueryRefusal(instance);
  useJsonParser(instance);
  app.useGlobalFilters(new ProblemFilter(options.logger, options.mapError));
  app.useGlobalPipes(new RequestValidationPipe());
  assertRoutesDeclareAccess(app);
  noteQueryNames(app);
  return app;
}

function authenticatorOf(
  app: NestFastifyApplication,
  { callers, authenticator }: HttpOptions,
): Authenticator | undefined {
  return callers ? new ServiceTokenAuthenticator(callers) : authenticator?.(app);
}
