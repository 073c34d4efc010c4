import 'reflect-metadata';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../stack/repository.ts';

/** What a route of a tier's internal port wants, as its decorators say it. */
export interface TierRoute {
  readonly tier: string;
  readonly method: string;
  readonly path: string;
  readonly access: { readonly kind: string; readonly services?: readonly string[] };
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'ALL', 'OPTIONS', 'HEAD'];
/** Where Nest and our decorators keep what they were told. */
const [PATH, METHOD, CONFIG] = ['path', 'method', '__fastify_route_config__'];

type Handler = object;
type Controller = { prototype: Record<string, Handler> };

const joined = (...parts: unknown[]): string =>
  `/${parts
    .flatMap((part) => String(part).split('/'))
    .filter(Boolean)
    .join('/')}`;

function routesOfController(tier: string, controller: Controller): TierRoute[] {
  const base: unknown = Reflect.getMetadata(PATH, controller);
  if (base === undefined) return [];
  return Object.getOwnPropertyNames(controller.prototype).flatMap((name) => {
    const handler = Object.getOwnPropertyDescriptor(controller.prototype, name)?.value as Handler;
    if (!Reflect.hasMetadata(METHOD, handler)) return [];
    const settings = Reflect.getMetadata(CONFIG, handler) as { access: TierRoute['access'][] };
    const [access] = settings.access;
    const method = METHODS[Number(Reflect.getMetadata(METHOD, handler))] ?? 'GET';
    const path = joined(base, Reflect.getMetadata(PATH, handler)).replaceAll('::', ':');
    return access ? [{ tier, method, path, access }] : [];
  });
}

/** Controllers that every tier takes from a library stand in its module, not in its folder. */
const SHARED = 'libs/http/dist/parked-event/parked-event.controller.js';

/** Every route of these apps, read from the compiled controllers: a new one is in by itself. */
export async function readTierRoutes(apps: readonly string[]): Promise<TierRoute[]> {
  const routes: TierRoute[] = [];
  for (const tier of apps) {
    const files = globSync(`apps/${tier}/dist/**/*.controller.js`, { cwd: root });
    for (const file of tier === 'gateway' ? files : [...files, SHARED]) {
      const loaded = (await import(pathToFileURL(join(root, file)).href)) as object;
      const controllers = Object.values(loaded).filter((value) => typeof value === 'function');
      routes.push(...controllers.flatMap((one) => routesOfController(tier, one as Controller)));
    }
  }
  return routes;
}
