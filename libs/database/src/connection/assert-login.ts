import { statement } from '../protocol/statement.js';
import type { Login } from './login.js';

/** A service must not run with this login; the message says why. */
export class UnsafeLogin extends Error {
  override readonly name = 'UnsafeLogin';
}

/** Upper limits in milliseconds (data-model.md); 0 in the catalog means none at all. */
const LIMITS = {
  statement_timeout: 30_000,
  idle_in_transaction_session_timeout: 15_000,
  lock_timeout: 5_000,
};

const FACTS = `SELECT current_user::text AS name, r.rolsuper AS super, r.rolbypassrls AS bypass,
  EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) AS owns,
  EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) AS member,
  has_schema_privilege('public', 'CREATE') AS creates,
  has_database_privilege(current_database(), 'TEMP') AS temps,
  (SELECT json_object_agg(s.name, s.setting::integer) FROM pg_settings s
    WHERE s.name = ANY ($1)) AS timeouts
FROM pg_roles r WHERE r.rolname = current_user`;

interface LoginFacts {
  readonly name: string;
  readonly super: boolean;
  readonly bypass: boolean;
  readonly owns: boolean;
  readonly member: boolean;
  readonly creates: boolean;
  readonly temps: boolean;
  readonly timeouts: Readonly<Record<string, number>>;
}

async function readFacts(login: Login): Promise<LoginFacts> {
  const session = await login.acquire();
  try {
    const [result] = await session.run([statement(FACTS, [Object.keys(LIMITS)])]);
    return result?.rows[0] as unknown as LoginFacts;
  } finally {
    session.release();
  }
}

function faultOf(facts: LoginFacts, role: string): string | undefined {
  if (facts.name !== role) return `is not ${role}`;
  if (facts.super) return 'is a superuser';
  if (facts.bypass) return 'may bypass row level security';
  if (facts.owns) return 'owns a relation';
  if (facts.member) return 'is a member of another role';
  if (facts.creates) return 'may create in schema public';
  if (facts.temps) return 'may create temporary tables';
  return timeoutFault(facts);
}

function timeoutFault({ timeouts }: LoginFacts): string | undefined {
  for (const [name, limit] of Object.entries(LIMITS)) {
    const value = timeouts[name] ?? 0;
    if (value === 0 || value > limit) return `has ${name} ${value} ms, not 1 to ${limit}`;
  }
  return undefined;
}

/** Throws UnsafeLogin when the login is not that role, or the role may do more than it should. */
export async function assertLogin(login: Login, role: string): Promise<void> {
  const facts = await readFacts(login);
  const fault = faultOf(facts, role);
  if (fault) throw new UnsafeLogin(`the login ${facts.name} ${fault}`);
}
