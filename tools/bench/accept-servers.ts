import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { nodeFlags } from '../stack/node-flags.ts';
import { queryOnce } from '../stack/postgres/query.ts';
import { freePorts } from '../../libs/testing/src/free-port.ts';
import type { StackDescription } from '../stack/stack-file.ts';

/** Something that accepts e-mails beside the product's own gateway. */
export interface OtherServer {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

const READY_MS = 15_000;
const DATABASE = 'plain_accept';

/** A second gateway on the same tiers that makes every call by itself, as before the calls were gathered. */
export async function startCallByCall(stack: StackDescription): Promise<OtherServer> {
  const [port = 0, metrics = 0] = await freePorts(2);
  const own = environmentOf(stack.processes.gateway?.pid ?? 0);
  const env = {
    ...own,
    GATEWAY_PORT: String(port),
    GATEWAY_METRICS_PORT: String(metrics),
    GATEWAY_CALLS_TOGETHER: '1',
  };
  const app = new URL('../../apps/gateway/dist/', import.meta.url);
  const entry = [
    ...nodeFlags,
    '--import',
    new URL('instrumentation.js', app).href,
    new URL('main.js', app).pathname,
  ];
  const child = spawn(stack.node, entry, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  await answering(`http://127.0.0.1:${metrics}/readyz`);
  return serverOf(child, `http://127.0.0.1:${port}`);
}

/** Fastify and one table, in a database of its own on the cluster of oltp: {@link file://./plain-accept-server.ts}. */
export async function startPlain(stack: StackDescription): Promise<OtherServer> {
  const admin = stack.databases.oltp.admin_url;
  await queryOnce(admin, `CREATE DATABASE ${DATABASE}`);
  const database = new URL(admin);
  database.pathname = `/${DATABASE}`;
  const script = new URL('plain-accept-server.ts', import.meta.url).pathname;
  const child = fork(script, [database.href], { env: {}, execArgv: [...nodeFlags] });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return serverOf(child, url);
}

function serverOf(child: ChildProcess, url: string): OtherServer {
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { url, pid: child.pid ?? 0, stop };
}

/** What the stack gave a process of its own. */
function environmentOf(pid: number): Record<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

async function answering(url: string): Promise<void> {
  const end = Date.now() + READY_MS;
  for (;;) {
    const up = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) return;
    if (Date.now() > end) throw new Error(`nothing answers at ${url}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
