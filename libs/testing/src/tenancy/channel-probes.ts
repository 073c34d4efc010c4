import {
  A,
  type Attempt,
  B,
  mustBeRefused,
  mustTouchNothing,
  type Outcome,
  type TableProbe,
} from './attempt.js';
import type { ProbedTable } from './dummy-rows.js';

/** COPY … FROM that the server lets begin fails with 57014: the probe sends no data. */
const COPY_FROM_REFUSED = '0A000';

/** The text holds nothing of B's. */
function mustNotTellB(outcome: Outcome): string | undefined {
  if ('refused' in outcome) return mustBeRefused(outcome);
  return JSON.stringify(outcome.rows).includes(B) ? 'a value of another tenant' : undefined;
}

const REPEATS = 20;

/** The same prepared statement under both tenants; a generic plan may come after five runs. */
async function switchTenants(
  { name, tenantColumn }: ProbedTable,
  attempt: Attempt,
): Promise<string | undefined> {
  const statement = { name: `probe38 ${name}`, text: `SELECT ${tenantColumn} AS own FROM ${name}` };
  for (let run = 0; run < REPEATS; run += 1) {
    const tenant = run % 2 === 0 ? A : B;
    const outcome = await attempt(tenant, statement);
    if ('refused' in outcome) return mustBeRefused(outcome);
    if (outcome.rows.some(({ own }) => own !== tenant)) return `foreign rows in run ${run}`;
  }
  return undefined;
}

/** Ways around the plain statements: other commands, errors, statistics, functions that run SQL. */
export const channelProbes: readonly TableProbe[] = [
  {
    number: 16,
    name: 'MERGE meets no row of another tenant',
    run: async ({ name, tenantColumn: key }, attempt) =>
      mustTouchNothing(
        await attempt(
          A,
          `MERGE INTO ${name} t USING (SELECT $1::uuid AS of) s ON t.${key} = s.of
           WHEN MATCHED THEN UPDATE SET ${key} = t.${key}`,
          [B],
        ),
      ),
  },
  {
    number: 17,
    name: 'SELECT FOR UPDATE locks no row of another tenant',
    run: async ({ name, tenantColumn }, attempt) =>
      mustTouchNothing(
        await attempt(A, `SELECT FROM ${name} WHERE ${tenantColumn} = $1 FOR UPDATE`, [B]),
      ),
  },
  {
    number: 22,
    name: 'COPY TO shows own rows only',
    run: async ({ name, tenantColumn }, attempt) =>
      mustTouchNothing(
        await attempt(A, `COPY (SELECT * FROM ${name} WHERE ${tenantColumn} <> '${A}') TO STDOUT`),
      ),
  },
  {
    number: 23,
    name: 'COPY FROM is refused',
    run: async ({ name }, attempt) =>
      mustBeRefused(await attempt(A, `COPY ${name} FROM STDIN`), COPY_FROM_REFUSED),
  },
  {
    number: 31,
    name: 'an error tells nothing about rows of another tenant',
    run: async ({ name, tenantColumn }, attempt) =>
      mustTouchNothing(
        await attempt(
          A,
          `SELECT FROM ${name} WHERE 1 / (CASE ${tenantColumn} WHEN '${B}' THEN 0 ELSE 1 END) = 2`,
        ),
      ),
  },
  {
    number: 32,
    name: 'pg_stats shows nothing',
    run: async ({ name }, attempt) =>
      mustTouchNothing(await attempt(A, 'SELECT FROM pg_stats WHERE tablename = $1', [name])),
  },
  { number: 38, name: 'a prepared statement follows its tenant', run: switchTenants },
  {
    number: 44,
    name: 'query_to_xml shows own rows only',
    run: async ({ name }, attempt) =>
      mustNotTellB(
        await attempt(
          A,
          `SELECT query_to_xml('SELECT * FROM ${name}', true, false, '')::text AS seen`,
        ),
      ),
  },
  {
    number: 44,
    name: 'ts_stat shows own rows only',
    run: async ({ name, tenantColumn }, attempt) =>
      mustNotTellB(
        await attempt(
          A,
          `SELECT word FROM ts_stat(
             'SELECT array_to_tsvector(ARRAY[${tenantColumn}::text]) FROM ${name}')`,
        ),
      ),
  },
];
