import { createHash, type Hash } from 'node:crypto';

/** SHA-256 (hex) over method, route and body; equal for bodies that mean the same JSON. */
export function fingerprintOf(method: string, route: string, body: unknown): string {
  const hash = createHash('sha256').update(`${method} ${route}\n`);
  addValue(hash, body);
  return hash.digest('hex');
}

/** Piece by piece: the body may hold 25 MiB of files. Depth is bounded by the body parser. */
function addValue(hash: Hash, value: unknown): void {
  if (Array.isArray(value)) addArray(hash, value);
  else if (typeof value === 'object' && value !== null) addObject(hash, value);
  else hash.update(JSON.stringify(value) ?? 'null');
}

function addArray(hash: Hash, items: readonly unknown[]): void {
  hash.update('[');
  for (const item of items) {
    addValue(hash, item);
    hash.update(',');
  }
  hash.update(']');
}

/** A field that is absent and one that is null ask for the same here, so neither counts. */
function addObject(hash: Hash, object: object): void {
  const fields = Object.entries(object).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  hash.update('{');
  for (const [name, value] of fields.sort(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(`${JSON.stringify(name)}:`);
    addValue(hash, value);
    hash.update(',');
  }
  hash.update('}');
}
