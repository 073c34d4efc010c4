import { A, type Attempt, B, mustBeRefused, mustTouchNothing, type Outcome } from './attempt.js';

/** One attack on each object that the catalog lists. */
export interface ObjectProbe {
  readonly number: number;
  readonly name: string;
  /** Yields `name`, one row per object; $1 is the app role. Asked as superuser. */
  readonly objects: string;
  attack(name: string, attempt: Attempt): Promise<string | undefined>;
}

const PUBLIC = "relnamespace = 'public'::regnamespace";
const partitions = `SELECT relname AS name FROM pg_class
  WHERE relispartition AND relkind = 'r' AND ${PUBLIC} AND $1 <> ''`;
const named = (names: readonly string[]) =>
  `SELECT unnest(ARRAY['${names.join("','")}']) AS name WHERE $1 <> ''`;

const refused = (textOf: (name: string) => string) => async (name: string, attempt: Attempt) =>
  mustBeRefused(await attempt(A, textOf(name)));

function mustBeAbsentOrRefused(outcome: Outcome): string | undefined {
  return mustBeRefused(outcome, '42883');
}

async function seesB(name: string, attempt: Attempt): Promise<string | undefined> {
  const outcome = await attempt(A, `SELECT * FROM ${name}`);
  if ('refused' in outcome) return mustBeRefused(outcome);
  return JSON.stringify(outcome.rows).includes(B) ? 'a value of another tenant' : undefined;
}

export const objectProbes: readonly ObjectProbe[] = [
  {
    number: 18,
    name: 'views show own rows only',
    objects: `SELECT relname AS name FROM pg_class WHERE relkind = 'v' AND ${PUBLIC} AND $1 <> ''`,
    attack: seesB,
  },
  {
    number: 19,
    name: 'there is no materialised view',
    objects: `SELECT relname AS name FROM pg_class WHERE relkind = 'm' AND ${PUBLIC} AND $1 <> ''`,
    attack: async () => 'exists',
  },
  {
    number: 20,
    name: 'partitions are not readable',
    objects: partitions,
    attack: refused((name) => `SELECT FROM ${name}`),
  },
  {
    number: 21,
    name: 'no function with rights of its owner can be executed',
    objects: `SELECT oid::regprocedure::text AS name FROM pg_proc
      WHERE prosecdef AND pronamespace = 'public'::regnamespace
        AND has_function_privilege($1, oid, 'EXECUTE')`,
    attack: async () => 'may be executed',
  },
  {
    number: 26,
    name: 'SET ROLE is refused',
    objects: 'SELECT quote_ident(rolname) AS name FROM pg_roles WHERE rolname <> $1',
    attack: refused((name) => `SET LOCAL ROLE ${name}`),
  },
  {
    number: 26,
    name: 'SET SESSION AUTHORIZATION is refused',
    objects: 'SELECT quote_ident(rolname) AS name FROM pg_roles WHERE rolname <> $1',
    attack: refused((name) => `SET LOCAL SESSION AUTHORIZATION ${name}`),
  },
  {
    number: 29,
    name: 'CREATE FUNCTION is refused',
    objects: named(['leak']),
    attack: refused(
      (name) =>
        `CREATE FUNCTION ${name}(uuid) RETURNS boolean COST 0.0000001 LANGUAGE sql RETURN true`,
    ),
  },
  {
    number: 30,
    name: 'CREATE TEMP is refused',
    objects: named(['loot']),
    attack: refused((name) => `CREATE TEMP TABLE ${name} (n integer)`),
  },
  {
    number: 33,
    name: 'pg_stats shows nothing of partitions',
    objects: partitions,
    attack: async (name, attempt) =>
      mustTouchNothing(await attempt(A, 'SELECT FROM pg_stats WHERE tablename = $1', [name])),
  },
  {
    number: 34,
    name: 'sequences are not readable',
    objects: `SELECT relname AS name FROM pg_class WHERE relkind = 'S' AND ${PUBLIC} AND $1 <> ''`,
    attack: refused((name) => `SELECT last_value FROM ${name}`),
  },
  {
    number: 42,
    name: 'no extension reaches other databases or files',
    objects: `SELECT extname AS name FROM pg_extension
      WHERE extname IN ('dblink', 'postgres_fdw', 'file_fdw') AND $1 <> ''`,
    attack: async () => 'is installed',
  },
  {
    number: 42,
    name: 'large objects and files are refused',
    objects: named(
      [
        "lo_import('/etc/passwd')",
        "lo_from_bytea(0, 'x')",
        'lo_creat(-1)',
        'lo_create(0)',
        'lo_get(1)',
        'lo_open(1, 262144)',
        'lo_unlink(1)',
        "lo_put(1, 0, 'x')",
        "pg_read_file('/etc/passwd')",
        "pg_ls_dir('/')",
        "dblink('', '')",
      ].map((call) => call.replaceAll("'", "''")),
    ),
    attack: async (call, attempt) => mustBeAbsentOrRefused(await attempt(A, `SELECT ${call}`)),
  },
];
