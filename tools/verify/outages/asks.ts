import { randomUUID } from 'node:crypto';
import type { Tier } from '../../stack/ports.ts';
import type { Call } from './api.ts';
import { type ApiDocument, type Route, tiersOf } from './document.ts';
import { Samples } from './sample.ts';
import type { World } from './world.ts';

/** One way to ask one route. */
export interface Ask {
  /** Such as `sendEmail` or `sendEmail with an Idempotency-Key`. */
  readonly name: string;
  readonly route: Route;
  readonly required: readonly Tier[];
  readonly optional: readonly Tier[];
  /** The request, with new values where a value may be used once. */
  call(): Call;
}

/**
 * The document's routes as requests: every value of a path parameter with an enum, every query parameter
 * that has an example, with and without an Idempotency-Key; in the path ids of the world's, names as in
 * the example, else ids of nothing (a 404 then, which also takes asking the tier).
 */
export function asksOf({ routes, schemas }: ApiDocument, world: World): Ask[] {
  const samples = new Samples(schemas, world.given);
  return routes.flatMap((route) =>
    pathsOf(route, world).flatMap((filled) => [
      askOf(route, filled, samples, false),
      ...(takesKey(route) ? [askOf(route, filled, samples, true)] : []),
    ]),
  );
}

type Filled = Readonly<Record<string, string>>;

const takesKey = ({ parameters }: Route): boolean =>
  parameters.some(({ name }) => name.toLowerCase() === 'idempotency-key');

function askOf(route: Route, filled: Filled, samples: Samples, withKey: boolean): Ask {
  const { method, body } = route;
  const path = route.path.replaceAll(/{(\w+)}/g, (_braces, name: string) => filled[name] ?? name);
  const [required, optional] = [route.required, route.optional].map((declared) =>
    tiersOf(declared, filled),
  ) as [Tier[], Tier[]];
  const variant = route.required.some((name) => name.startsWith('{')) ? ` of ${required[0]}` : '';
  return {
    name: `${route.id}${variant}${withKey ? ' with an Idempotency-Key' : ''}`,
    route,
    required,
    optional,
    call: () => ({
      method,
      path: path + queryOf(route),
      ...(withKey && { headers: { 'idempotency-key': randomUUID() } }),
      ...(body && { body: samples.of(body) }),
    }),
  };
}

/** Every way to fill in the path's parameters. */
function pathsOf({ path, parameters }: Route, world: World): Filled[] {
  let ways: Filled[] = [{}];
  for (const { name, in: place, schema } of parameters) {
    if (place !== 'path') continue;
    const one = world.idFor(path, name) ?? schema.example ?? randomUUID();
    const values = (schema.enum ?? [one]).map(String);
    ways = ways.flatMap((way) => values.map((value) => ({ ...way, [name]: value })));
  }
  return ways;
}

function queryOf({ parameters }: Route): string {
  const query = new URLSearchParams();
  for (const { name, in: place, example, schema } of parameters) {
    const value = example ?? schema.example;
    if (place === 'query' && value !== undefined) query.set(name, String(value));
  }
  return query.size > 0 ? `?${query}` : '';
}
