import type { Type } from '@nestjs/common';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { RouteAccess } from '@penguinmails/http';
import { addProblems, type Operation } from './operation-problems.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const WITHOUT_BODY: readonly string[] = ['get', 'delete'];

/**
 * Writes into each operation what follows from its access decorator: who may call it, and the problems
 * that every such route may answer with. So the document cannot say otherwise than the hooks do.
 */
export function documentAccess(
  document: OpenAPIObject,
  controllers: readonly Type[],
): OpenAPIObject {
  for (const path of Object.values(document.paths))
    for (const method of METHODS) {
      const operation = path[method] as Operation | undefined;
      if (!operation) continue;
      const access = accessOf(controllers, String(operation.operationId));
      operation.security = securityOf(access);
      addProblems(operation, access, !WITHOUT_BODY.includes(method));
    }
  return document;
}

/** An operation's id is the name of its method, which is unique over all controllers. */
function accessOf(controllers: readonly Type[], name: string): RouteAccess {
  const handlers = controllers
    .map(({ prototype }) => (prototype as Record<string, object | undefined>)[name])
    .filter((handler) => handler !== undefined);
  if (handlers.length !== 1) throw new Error(`${handlers.length} routes are called ${name}`);
  const settings = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handlers[0]) as {
    access: readonly [RouteAccess];
  };
  return settings.access[0];
}

function securityOf(access: RouteAccess): Record<string, string[]>[] {
  switch (access.kind) {
    case 'tenant':
      return [{ tenant_key: [...access.scopes] }];
    case 'platform':
      return [{ platform_key: [] }];
    case 'tenant_or_platform':
      return [{ tenant_key: [...access.scopes] }, { platform_key: [] }];
    case 'public':
    case 'service':
      return [];
  }
}
