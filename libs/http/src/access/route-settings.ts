import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants';
import type { RouteAccess } from './route-access.js';

/** What a route carries in Fastify's route config, where hooks read it before the body is read. */
export interface RouteSettings {
  /** One entry for each access decorator; more or less than one fails the boot. */
  readonly access?: readonly RouteAccess[];
  /** Bytes; default: the application's limit. */
  readonly bodyLimit?: number;
  /** Names of query parameters the route reads one by one; undefined: a class or the raw request. */
  readonly queryNames?: readonly string[];
}

type Handler = object;

/** The settings of a route's method; empty when it has none. */
export function settingsOf(handler: Handler): RouteSettings {
  return (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as RouteSettings) ?? {};
}

/** Adds settings to a route's method, keeping what other decorators set. */
export function addSettings(handler: Handler, change: (old: RouteSettings) => RouteSettings): void {
  const merged = { ...settingsOf(handler), ...change(settingsOf(handler)) };
  RouteConfig(merged)(handler as never, undefined as never, { value: handler });
}

/** A method decorator that adds settings. */
export function routeSettings(change: (old: RouteSettings) => RouteSettings): MethodDecorator {
  return (_target, _name, descriptor) => addSettings(descriptor.value as Handler, change);
}

/** Lets a route take a body larger (or smaller) than the application's limit. In bytes. */
export function BodyLimit(bytes: number): MethodDecorator {
  return routeSettings(() => ({ bodyLimit: bytes }));
}
