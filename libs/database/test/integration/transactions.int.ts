import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import {
  type Database,
  isInfrastructure,
  isUniqueViolation,
  MoreThanOneStatement,
  type TenantTransaction,
  TransactionOver,
  TransactionRolledBack,
  violatedConstraint,
} from '../../src/index.js';
import { A, B, codeOf, createNotesDatabase, type NotesDatabase } from './notes-database.js';
import { startSyncCountingProxy } from './sync-counting-proxy.js';

interface Note {
  tenantId: string;
  id: number;
  body: string;
}

const NoteEntity = new EntitySchema<Note>({
  name: 'Note',
  tableName: 'notes',
  columns: {
    tenantId: { name: 'tenant_id', type: 'uuid', primary: true },
    id: { type: 'integer', primary: true },
    body: { type: 'text' },
  },
});

let notes: NotesDatabase;
let database: Database;
const problems: Error[] = [];

beforeAll(async () => {
  notes = await createNotesDatabase();
  database = notes.open({ entities: [NoteEntity], onProblem: (error) => problems.push(error) });
});
afterAll(() => notes.drop());
beforeEach(async () => {
  problems.length = 0;
  await notes.admin.query(`TRUNCATE notes, counters;
    INSERT INTO notes VALUES ('${A}', 1, 'of a'), ('${B}', 1, 'of b');
    INSERT INTO counters VALUES ('x', 0), ('y', 0)`);
});

const write = (tx: TenantTransaction, id: number, body = 'written') =>
  tx.query('INSERT INTO notes (id, body) VALUES ($1, $2)', [id, body]);
const count = async () =>
  (await notes.admin.query<{ n: number }>('SELECT count(*)::int AS n FROM notes')).rows[0]?.n;

describe('a tenant transaction', () => {
  test('commits all or nothing', async () => {
    await database.tenants.transaction(A, async (tx) => {
      await write(tx, 2);
      await write(tx, 3);
    });
    expect(await count()).toBe(4);
    const failing = database.tenants.transaction(A, async (tx) => {
      await write(tx, 4);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await count()).toBe(4);
  });

  test('costs one round trip a statement and one for the commit, once() one in all', async () => {
    const proxy = await startSyncCountingProxy(notes.tier.appUrl);
    const { app, ...settings } = notes.settings();
    const counted = notes.open({ ...settings, app: { ...app, url: proxy.url } });
    await counted.tenants.once(A, (tx) => tx.query('SELECT 1'));
    const atStart = proxy.syncs();
    await counted.tenants.once(A, (tx) => tx.query('SELECT $1::int', [1]));
    expect(proxy.syncs() - atStart).toBe(1);
    await counted.tenants.transaction(A, async (tx) => {
      await write(tx, 2);
      await write(tx, 3);
    });
    expect(proxy.syncs() - atStart).toBe(1 + 2 + 1);
    proxy.close();
  });

  test('without a statement takes no connection', async () => {
    const { app, ...settings } = notes.settings();
    const away = notes.open({ ...settings, app: { ...app, url: 'postgresql://127.0.0.1:1/x' } });
    expect(await away.tenants.once(A, async () => 'done')).toBe('done');
    await expect(away.ping()).rejects.toThrow();
    const used = away.tenants.once(A, (tx) => tx.query('SELECT 1'));
    expect(isInfrastructure(await used.catch((error: unknown) => error))).toBe(true);
  });

  test('runs statements asked for at once one after the other', async () => {
    await database.tenants.transaction(A, (tx) =>
      Promise.all([write(tx, 2), write(tx, 3), tx.query('SELECT 1')]),
    );
    expect(await count()).toBe(4);
  });

  test('says so when COMMIT is answered with ROLLBACK', async () => {
    const ignoring = database.tenants.transaction(A, async (tx) => {
      await write(tx, 2);
      await codeOf(tx.query('SELECT 1/0'));
    });
    await expect(ignoring).rejects.toBeInstanceOf(TransactionRolledBack);
    expect(await count()).toBe(2);
  });

  test('is over when it is over', async () => {
    let kept: TenantTransaction | undefined;
    await database.tenants.transaction(A, async (tx) => {
      kept = tx;
      await tx.query('SELECT 1');
    });
    await expect(kept?.query('SELECT 1')).rejects.toBeInstanceOf(TransactionOver);
    await expect(kept?.entities.find(NoteEntity)).rejects.toThrow('the transaction is over');
    const ended = database.tenants.transaction(A, (tx) => tx.query('COMMIT'));
    await expect(ended).rejects.toBeInstanceOf(TransactionOver);
  });

  test('may be read only', async () => {
    const options = { readOnly: true };
    expect(await codeOf(database.tenants.transaction(A, (tx) => write(tx, 2), options))).toBe(
      '25006',
    );
    expect(await codeOf(database.tenants.once(A, (tx) => write(tx, 2), options))).toBe('25006');
    expect(await codeOf(database.tenants.once(A, (tx) => write(tx, 2)))).toBe('no error');
  });

  test('refuses a tenant id that is none', async () => {
    await expect(database.tenants.once("x'", async () => 1)).rejects.toThrow(TypeError);
    await expect(database.tenants.transaction('', async () => 1)).rejects.toThrow(TypeError);
  });

  test('keeps row values out of errors, and says which constraint', async () => {
    const secret = 'somebody@example.com';
    const twice = (tx: TenantTransaction) => write(tx, 1, secret);
    const error: unknown = await database.tenants.once(A, twice).catch((e: unknown) => e);
    expect(isUniqueViolation(error, 'notes_pkey')).toBe(true);
    expect(isUniqueViolation(error, 'another')).toBe(false);
    expect(violatedConstraint(error)).toBe('notes_pkey');
    const cast: unknown = await database.tenants
      .once(A, (tx) => tx.query('SELECT $1::uuid', [secret]))
      .catch((e: unknown) => e);
    for (const each of [error, cast]) {
      expect(JSON.stringify(each, Object.getOwnPropertyNames(each))).not.toContain(secret);
    }
  });
});

describe('retry', () => {
  test('runs the whole transaction again after a serialization failure, with hooks once', async () => {
    let runs = 0;
    let hooks = 0;
    const add = (tx: TenantTransaction) =>
      tx.query("UPDATE counters SET value = value + 1 WHERE name = 'x'");
    await database.tenants.transaction(
      A,
      async (tx) => {
        runs += 1;
        tx.onCommit(() => void (hooks += 1));
        await tx.query('SELECT FROM counters');
        if (runs === 1) await database.tenants.once(B, add);
        await add(tx);
      },
      { isolation: 'repeatable read' },
    );
    expect({ runs, hooks }).toEqual({ runs: 2, hooks: 1 });
    const { rows } = await notes.admin.query("SELECT value FROM counters WHERE name = 'x'");
    expect(rows).toEqual([{ value: 2 }]);
  });

  test('gives up after three attempts', async () => {
    let runs = 0;
    const failing = database.tenants.transaction(A, async (tx) => {
      runs += 1;
      await tx.query("DO $$ BEGIN RAISE 'deadlock' USING ERRCODE = '40P01'; END $$");
    });
    expect(await codeOf(failing)).toBe('40P01');
    expect(runs).toBe(3);
  });

  test('ends a deadlock of two transactions with both done', async () => {
    const cross = (first: string, second: string) =>
      database.system.transaction(async (tx) => {
        const add = 'UPDATE counters SET value = value + 1 WHERE name = $1';
        await tx.query("SET LOCAL lock_timeout = '60s'");
        await tx.query("SET LOCAL idle_in_transaction_session_timeout = '60s'");
        await tx.query(add, [first]);
        await tx.query('SELECT pg_sleep(0.05)');
        await tx.query(add, [second]);
      });
    await Promise.all([cross('x', 'y'), cross('y', 'x')]);
    const { rows } = await notes.admin.query('SELECT sum(value)::int AS n FROM counters');
    expect(rows).toEqual([{ n: 4 }]);
  });
});

describe('onCommit', () => {
  test('runs after a confirmed commit only', async () => {
    const seen: number[] = [];
    const look = async () => void seen.push((await count()) ?? -1);
    await database.tenants.transaction(A, async (tx) => {
      tx.onCommit(look);
      await write(tx, 2);
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([3]);
    await database.tenants.once(A, (tx) => {
      tx.onCommit(look);
      return write(tx, 3);
    });
    expect(seen).toEqual([3, 4]);
    for (const run of [database.tenants.transaction, database.tenants.once]) {
      const failing = run.call(database.tenants, A, (tx) => {
        tx.onCommit(look);
        return tx.query('SELECT 1/0');
      });
      expect(await codeOf(failing)).toBe('22012');
    }
    expect(seen).toEqual([3, 4]);
  });

  test('a failing hook is reported and cannot undo the commit', async () => {
    await database.tenants.transaction(A, async (tx) => {
      tx.onCommit(() => Promise.reject(new Error('the hook failed')));
      await write(tx, 2);
    });
    expect(problems.map(({ message }) => message)).toEqual(['the hook failed']);
    expect(await count()).toBe(3);
  });
});

describe('entities', () => {
  test('run in the very transaction, under its tenant', async () => {
    await database.tenants.transaction(A, async (tx) => {
      await write(tx, 2);
      const seen = await tx.entities.find(NoteEntity, { order: { id: 'ASC' } });
      expect(seen.map(({ tenantId, id }) => [tenantId, id])).toEqual([
        [A, 1],
        [A, 2],
      ]);
      const pid = 'SELECT pg_backend_pid() AS pid';
      expect((await tx.query(pid)).rows).toEqual(await tx.entities.query(pid));
    });
  });

  test('cannot see, change, remove or add rows of another tenant', async () => {
    await database.tenants.transaction(A, async (tx) => {
      const { entities } = tx;
      expect(await entities.findOneBy(NoteEntity, { tenantId: B, id: 1 })).toBeNull();
      expect((await entities.update(NoteEntity, { tenantId: B }, { body: 'x' })).affected).toBe(0);
      expect((await entities.delete(NoteEntity, { tenantId: B })).affected).toBe(0);
    });
    const foreign = database.tenants.transaction(A, (tx) =>
      tx.entities.save(NoteEntity, { tenantId: B, id: 9, body: 'x' }),
    );
    expect(await codeOf(foreign)).toBe('42501');
    expect(await count()).toBe(2);
  });

  test('are rolled back with the transaction; their errors hold no values', async () => {
    const failing = database.tenants.transaction(A, async (tx) => {
      await tx.entities.save(NoteEntity, { tenantId: A, id: 2, body: 'x' });
      await tx.entities.insert(NoteEntity, { tenantId: A, id: 2, body: 'somebody@example.com' });
    });
    const error: unknown = await failing.catch((e: unknown) => e);
    expect(isUniqueViolation(error)).toBe(true);
    expect(JSON.stringify(error)).not.toContain('somebody');
    expect(await count()).toBe(2);
  });

  test('a nested transaction of TypeORM is a savepoint, the tenant stays', async () => {
    await database.tenants.transaction(A, async (tx) => {
      const nested = tx.entities.transaction(async (inner) => {
        await inner.insert(NoteEntity, { tenantId: A, id: 7, body: 'x' });
        throw new Error('undo');
      });
      await expect(nested).rejects.toThrow('undo');
      await tx.entities.insert(NoteEntity, { tenantId: A, id: 8, body: 'x' });
    });
    const { rows } = await notes.admin.query('SELECT id FROM notes WHERE id > 1');
    expect(rows).toEqual([{ id: 8 }]);
  });
});

describe('slices', () => {
  test('serve several tenants in one transaction, interleaved', async () => {
    await database.tenants.slice(async (slice) => {
      const [a, b] = [await slice.forTenant(A), await slice.forTenant(B)];
      for (const [tx, tenant] of [[a, A] as const, [b, B] as const, [a, A] as const]) {
        const { rows } = await tx.query('SELECT tenant_id FROM notes');
        expect(rows).toEqual([{ tenant_id: tenant }]);
      }
      await Promise.all([write(a, 2), write(b, 2), write(a, 3)]);
      await slice.query("UPDATE counters SET value = 7 WHERE name = 'x'");
    });
    expect(await count()).toBe(5);
  });

  test('a failed savepoint is undone alone and leaves every tenant in its place', async () => {
    await database.tenants.slice(async (slice) => {
      const [a, b] = [await slice.forTenant(A), await slice.forTenant(B)];
      await write(a, 2);
      const failing = slice.savepoint(async () => {
        await write(b, 2);
        await write(b, 2);
      });
      expect(await codeOf(failing)).toBe('23505');
      expect((await a.query('SELECT FROM notes')).rowCount).toBe(2);
      expect((await b.query('SELECT FROM notes')).rowCount).toBe(1);
    });
    expect(await count()).toBe(3);
  });

  test('a savepoint given up without a failed statement does not leave another tenant set', async () => {
    await database.tenants.slice(async (slice) => {
      const [a, b] = [await slice.forTenant(A), await slice.forTenant(B)];
      await write(a, 2);
      const giveUp = slice.savepoint(async () => {
        await write(b, 2);
        throw new Error('no');
      });
      await expect(giveUp).rejects.toThrow('no');
      expect((await b.query('SELECT tenant_id FROM notes')).rows).toEqual([{ tenant_id: B }]);
    });
    expect(await count()).toBe(3);
  });

  test('of the system login reach all tenants of the tables named for it', async () => {
    await database.system.slice(async (slice) => {
      const { rowCount } = await slice.query("UPDATE notes SET body = 'seen'");
      expect(rowCount).toBe(2);
    });
    expect(await codeOf(database.system.once((tx) => tx.query('DELETE FROM notes')))).toBe('42501');
    const two = database.system.once(async (tx) => {
      await tx.query('SELECT 1');
      await tx.query('SELECT 1');
    });
    await expect(two).rejects.toBeInstanceOf(MoreThanOneStatement);
  });
});
