import { ApiExtension, type OpenAPIObject } from '@nestjs/swagger';
import { type Tier, tiers } from '@penguinmails/contracts';

/** A tier, or `{name}` for the tier that the path parameter of this name says. */
export type RouteTier = Tier | `{${string}}`;

export interface RouteTiers {
  /** Asked in any case: the route is 503 without one of them. */
  readonly required?: readonly RouteTier[];
  /** Sections of a composed answer: without one of them it is 200 and says `degraded`. */
  readonly optional?: readonly RouteTier[];
}

const EXTENSION = 'x-tiers';

/** Thrown at boot: routes that do not say which tiers they ask. */
export class UndeclaredTiers extends Error {
  override readonly name = 'UndeclaredTiers';
}

/**
 * Declares which tiers a route asks for its answer; `npm run verify:outages` takes them away one by one.
 * Of every route: oltp resolves the API key, a key seen within the hour counts without it.
 */
export const UsesTiers = ({ required = [], optional = [] }: RouteTiers): MethodDecorator =>
  ApiExtension(EXTENSION, { required, optional });

/**
 * Fails the boot unless every operation of the document declares its tiers.
 * @throws UndeclaredTiers naming each that does not, or that names no tier
 */
export function assertRoutesDeclareTiers(document: OpenAPIObject): void {
  const wrong = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, object>)
      .filter(([, operation]) => !declaresTiers(operation, path))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  if (wrong.length === 0) return;
  throw new UndeclaredTiers(`routes must declare their tiers (UsesTiers): ${wrong.join(', ')}`);
}

function declaresTiers(operation: object, path: string): boolean {
  const declared = (operation as { [EXTENSION]?: RouteTiers })[EXTENSION];
  if (!declared) return false;
  const names = [...(declared.required ?? []), ...(declared.optional ?? [])];
  return names.every((name) => tiers.some((tier) => tier === name) || inPath(name, path));
}

const inPath = (name: string, path: string): boolean => /^{\w+}$/.test(name) && path.includes(name);
