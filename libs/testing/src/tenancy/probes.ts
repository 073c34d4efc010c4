import {
  A,
  B,
  mustBeRefused,
  mustShowOnlyA,
  mustTouchNothing,
  type TableProbe,
} from './attempt.js';
import { insertRow } from './dummy-rows.js';

const read = (number: number, name: string, tenant: string | undefined): TableProbe => ({
  number,
  name,
  // 42704 before the session's first tenant, 22P02 after it: the setting comes back as ''.
  run: async (table, attempt) =>
    mustBeRefused(await attempt(tenant, `SELECT FROM ${table.name}`), '42704', '22P02'),
});

export const tableProbes: readonly TableProbe[] = [
  read(1, 'no tenant: SELECT is an error', undefined),
  read(2, 'an emptied tenant: SELECT is an error', ''),
  read(3, 'a malformed tenant: SELECT is an error', 'x'),
  {
    number: 4,
    name: 'SELECT * shows own rows only',
    run: async ({ name, tenantColumn }, attempt) =>
      mustShowOnlyA(await attempt(A, `SELECT * FROM ${name}`), tenantColumn),
  },
  {
    number: 5,
    name: 'rows of another tenant are not found',
    run: async ({ name, tenantColumn }, attempt) =>
      mustTouchNothing(await attempt(A, `SELECT FROM ${name} WHERE ${tenantColumn} = $1`, [B])),
  },
  {
    number: 6,
    name: 'OR true shows own rows only',
    run: async ({ name, tenantColumn }, attempt) =>
      mustShowOnlyA(
        await attempt(A, `SELECT * FROM ${name} WHERE ${tenantColumn} = $1 OR true`, [B]),
        tenantColumn,
      ),
  },
  {
    number: 7,
    name: 'UPDATE changes no row of another tenant',
    run: async ({ name, tenantColumn: key }, attempt) =>
      mustTouchNothing(
        await attempt(A, `UPDATE ${name} SET ${key} = ${key} WHERE ${key} = $1`, [B]),
      ),
  },
  {
    number: 8,
    name: 'DELETE removes no row of another tenant',
    run: async ({ name, tenantColumn }, attempt) =>
      mustTouchNothing(await attempt(A, `DELETE FROM ${name} WHERE ${tenantColumn} = $1`, [B])),
  },
  {
    number: 9,
    name: 'INSERT for another tenant is refused',
    run: async (table, attempt) => {
      const { text, values } = insertRow(table, B, 'c');
      return mustBeRefused(await attempt(A, text, values));
    },
  },
  {
    number: 10,
    name: 'UPDATE to another tenant is refused',
    run: async ({ name, tenantColumn }, attempt) =>
      mustBeRefused(await attempt(A, `UPDATE ${name} SET ${tenantColumn} = $1`, [B])),
  },
  {
    number: 24,
    name: 'TRUNCATE is refused',
    run: async ({ name }, attempt) => mustBeRefused(await attempt(A, `TRUNCATE ${name}`)),
  },
  {
    number: 25,
    name: 'row_security = off is refused',
    run: async ({ name }, attempt) =>
      mustBeRefused(await attempt(A, `SET LOCAL row_security = off; SELECT FROM ${name}`)),
  },
  {
    number: 27,
    name: 'ALTER TABLE is refused',
    run: async ({ name }, attempt) =>
      mustBeRefused(await attempt(A, `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`)),
  },
  {
    number: 28,
    name: 'CREATE POLICY is refused',
    run: async ({ name }, attempt) =>
      mustBeRefused(await attempt(A, `CREATE POLICY mine ON ${name} USING (true)`)),
  },
];
