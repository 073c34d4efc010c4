import { newEmailId } from '@penguinmails/contracts';
import { type Answer, blurred } from './api.ts';
import { fill, type Operation } from './operations.ts';
import type { LiveProbe } from './probe.ts';
import type { Belongings, World } from './world.ts';

/** The path segment before a parameter says what it stands for: `emails` in `/v1/emails/{id}`. */
function resourceOf({ path }: Operation, parameter: string): string {
  const segments = path.split('/');
  return segments[segments.indexOf(`{${parameter}}`) - 1] ?? '';
}

/** Every way to name something of a tenant in a route; undefined when it is unknown how. */
export function foreignValues(
  operation: Operation,
  belongings: Belongings,
): Record<string, string>[] | undefined {
  const lists = operation.parameters.map((name) => belongings[resourceOf(operation, name)]);
  const [first] = lists;
  if (lists.some((list) => !list?.length) || !first) return undefined;
  return first.map((id) =>
    Object.fromEntries(
      operation.parameters.map((name, n) => [name, n === 0 ? id : (lists[n]?.[0] ?? '')]),
    ),
  );
}

/** Routes of tenants with something in their path. */
export const routesWithIds = (operations: readonly Operation[]): Operation[] =>
  operations.filter(({ parameters, keys }) => parameters.length > 0 && keys.includes('tenant_key'));

/** A new route whose kind of id no tenant here owns is a gap in the battery: said, not skipped. */
export function uncoveredRoutes(
  operations: readonly Operation[],
  belongings: Belongings,
): string[] {
  return routesWithIds(operations)
    .filter((operation) => !foreignValues(operation, belongings))
    .map(({ method, path }) => `${method} ${path}: no belongings for it, add them to world.ts`);
}

function ask(
  { a }: World,
  { method, path, body }: Operation,
  values: Readonly<Record<string, string>>,
  headers?: Readonly<Record<string, string>>,
): Promise<Answer> {
  return a.client.call(fill(path, values), { method, body, headers });
}

const unknownValues = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.keys(values).map((name) => [name, newEmailId()]));

async function likeUnknown(world: World): Promise<string[]> {
  const findings = uncoveredRoutes(world.operations, world.b.belongings);
  for (const operation of routesWithIds(world.operations)) {
    for (const values of foreignValues(operation, world.b.belongings) ?? []) {
      for (const headers of [undefined, { 'if-none-match': '*' }]) {
        const theirs = await ask(world, operation, values, headers);
        const nobodys = await ask(world, operation, unknownValues(values), headers);
        const { method, path } = operation;
        if (theirs.status !== 404) findings.push(`${method} ${path}: ${theirs.status}`);
        else if (blurred(theirs) !== blurred(nobodys)) findings.push(`${method} ${path}: differs`);
      }
    }
  }
  return findings;
}

/** Own and foreign ids mixed within one path. */
async function belowOwn(world: World): Promise<string[]> {
  const findings: string[] = [];
  const deep = routesWithIds(world.operations).filter(({ parameters }) => parameters.length > 1);
  for (const operation of deep) {
    const [own] = foreignValues(operation, world.a.belongings) ?? [];
    const [foreign] = foreignValues(operation, world.b.belongings) ?? [];
    for (const name of operation.parameters) {
      const mixed = { ...own, [name]: foreign?.[name] ?? '' };
      const { status } = await ask(world, operation, mixed);
      if (status !== 404) findings.push(`${operation.path} with a foreign ${name}: ${status}`);
    }
  }
  return findings;
}

const median = (times: readonly number[]): number =>
  [...times].sort((x, y) => x - y)[Math.floor(times.length / 2)] ?? 0;

/** Medians further apart than this tell, if the pairs agree. */
const TOLERANCE = 0.05;
/** Standard deviations of a fair coin: what a busy machine makes of a pair has no side. */
const BY_CHANCE = 4;

interface Pair {
  readonly theirs: number;
  readonly nobodys: number;
}

/** What these pairs of milliseconds tell; undefined when nothing. */
function toldByTime(pairs: readonly Pair[]): string | undefined {
  const slower = pairs.filter(({ theirs, nobodys }) => theirs > nobodys).length;
  const bias = (2 * slower - pairs.length) / Math.sqrt(pairs.length);
  const of = (whose: keyof Pair): number => median(pairs.map((pair) => pair[whose]));
  const ratio = of('theirs') / of('nobodys');
  if (Math.abs(ratio - 1) <= TOLERANCE || Math.abs(bias) <= BY_CHANCE) return undefined;
  return `${ratio.toFixed(3)} times that of an unknown id, slower in ${slower} of ${pairs.length}`;
}

async function timePair(world: World, operation: Operation, first: keyof Pair): Promise<Pair> {
  const [values = {}] = foreignValues(operation, world.b.belongings) ?? [];
  const theirs = async () => (await ask(world, operation, values)).ms;
  const nobodys = async () => (await ask(world, operation, unknownValues(values))).ms;
  if (first === 'theirs') return { theirs: await theirs(), nobodys: await nobodys() };
  const ms = await nobodys();
  return { theirs: await theirs(), nobodys: ms };
}

async function sameTime(world: World, { timedPairs }: { timedPairs: number }): Promise<string[]> {
  const findings: string[] = [];
  const routes = routesWithIds(world.operations).filter(({ method }) => method === 'GET');
  for (const operation of timedPairs > 0 ? routes : []) {
    const pairs: Pair[] = [];
    // In turns, each first as often: what drifts meets both.
    for (let pair = 0; pair < timedPairs / routes.length; pair += 1)
      pairs.push(await timePair(world, operation, pair % 2 === 0 ? 'theirs' : 'nobodys'));
    const told = toldByTime(pairs);
    if (told) findings.push(`${operation.path}: ${told}`);
  }
  return findings;
}

/** Of content, which has no public id: its storage key and the ids of others in its place. */
async function rawKeys(world: World): Promise<string[]> {
  const findings: string[] = [];
  for (const operation of routesWithIds(world.operations)) {
    for (const id of [
      world.storageKeyOfB,
      world.b.id,
      world.b.mailboxId,
      world.b.from,
      `${world.b.id}/..`,
    ]) {
      const values = Object.fromEntries(operation.parameters.map((name) => [name, id]));
      const { status } = await ask(world, operation, values);
      if (status !== 404) findings.push(`${operation.path} with ${id.slice(0, 4)}…: ${status}`);
    }
  }
  return findings;
}

export const foreignIdProbes: readonly LiveProbe[] = [
  { numbers: [46, 57], name: 'a foreign id is like an unknown one', run: likeUnknown },
  { numbers: [49], name: 'own ids open nothing foreign below them', run: belowOwn },
  { numbers: [47], name: 'a foreign id takes the time of an unknown one', run: sameTime },
  { numbers: [54], name: 'no route takes storage keys or ids of another kind', run: rawKeys },
];
