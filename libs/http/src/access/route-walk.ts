import type { INestApplicationContext, Type } from '@nestjs/common';
import {
  METHOD_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
  RouteParamtypes,
} from '@nestjs/common/internal';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { addSettings, settingsOf } from './route-settings.js';

interface Route {
  /** `EmailController.create` */
  readonly name: string;
  readonly controller: object;
  readonly method: string;
  readonly handler: object;
}

/** Thrown at boot: routes that do not say who may call them. */
export class UndeclaredAccess extends Error {
  override readonly name = 'UndeclaredAccess';
}

/**
 * Fails the boot unless every route has exactly one access decorator.
 * @throws UndeclaredAccess naming each route that has none or several
 */
export function assertRoutesDeclareAccess(app: INestApplicationContext): void {
  const wrong = routesOf(app).filter(({ handler }) => settingsOf(handler).access?.length !== 1);
  if (wrong.length === 0) return;
  const names = wrong.map(({ name }) => name).join(', ');
  throw new UndeclaredAccess(`routes need exactly one access decorator: ${names}`);
}

/**
 * Notes on each route the query parameters it reads, so that others are refused. Before the routes are
 * registered. A route that takes a class, or the raw request, sees to its query itself.
 */
export function noteQueryNames(app: INestApplicationContext): void {
  for (const { controller, method, handler } of routesOf(app)) {
    const queryNames = queryNamesOf(controller, method);
    addSettings(handler, () => ({ queryNames }));
  }
}

function routesOf(app: INestApplicationContext): Route[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  return controllers.flatMap(({ metatype }) =>
    typeof metatype === 'function' ? routesOfController(metatype) : [],
  );
}

const scanner = new MetadataScanner();

function routesOfController(controller: Type | NewableFunction): Route[] {
  const prototype = controller.prototype as Record<string, object>;
  return scanner
    .getAllMethodNames(prototype)
    .map((method) => ({ method, handler: prototype[method], controller }))
    .filter(({ handler }) => isRoute(handler))
    .map((route) => ({ ...route, name: `${controller.name}.${route.method}` }));
}

function isRoute(handler: object): boolean {
  return (
    Reflect.hasMetadata(PATH_METADATA, handler) && Reflect.hasMetadata(METHOD_METADATA, handler)
  );
}

type Parameters = Record<string, { readonly data?: unknown }>;

function queryNamesOf(controller: object, method: string): readonly string[] | undefined {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ??
    {}) as Parameters;
  const names: string[] = [];
  for (const [key, { data }] of Object.entries(parameters)) {
    const type = Number(key.split(':')[0]);
    if (type === RouteParamtypes.REQUEST) return undefined;
    if (type !== RouteParamtypes.QUERY) continue;
    if (typeof data !== 'string') return undefined;
    names.push(data);
  }
  return names;
}
