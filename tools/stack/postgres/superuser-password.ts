import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Account } from './account.ts';

/**
 * Sets the password of `postgres` before the server ever listens: in single-user mode, where no
 * connection is possible.
 */
export async function setSuperuserPassword(
  postgres: string,
  dataDirectory: string,
  password: string,
  { uid, gid }: Account,
): Promise<void> {
  const child = spawn(postgres, ['--single', '-D', dataDirectory, 'postgres'], {
    uid,
    gid,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.end(`ALTER ROLE postgres PASSWORD '${password}'\n`);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`PostgreSQL refused its first password: ${complaint}`);
}
