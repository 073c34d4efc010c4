import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded } from '../supervisor/process-records.ts';
import { identify } from '../supervisor/process-identity.ts';

const STOP_WITHIN_MS = 10_000;
const BACKENDS_GONE_WITHIN_MS = 10_000;
const POLL_MS = 20;
const SHARED_MEMORY_LINE = 6;
const ATTACHED_COLUMN = 6;

/**
 * Clears what a killed server left in its data directory. A server that still runs on this very
 * directory is stopped first; a pid that now belongs to any other program is not touched (left in
 * the file it would keep PostgreSQL from starting).
 */
export async function clearStalePostmaster(dataDirectory: string): Promise<void> {
  const file = join(dataDirectory, 'postmaster.pid');
  if (!existsSync(file)) return;
  const lines = readFileSync(file, 'utf8').split('\n');
  const pid = Number(lines[0]);
  if (runsOn(pid, dataDirectory)) await stopServer(pid);
  await backendsGone(Number(lines[SHARED_MEMORY_LINE]?.trim().split(/\s+/)[1]));
  rmSync(file, { force: true });
}

function runsOn(pid: number, dataDirectory: string): boolean {
  return identify(pid) !== undefined && commandLine(pid).includes(dataDirectory);
}

function commandLine(pid: number): string {
  const file = `/proc/${pid}/cmdline`;
  if (existsSync(file)) return readFileSync(file, 'utf8').replaceAll('\0', ' ');
  return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
}

/** SIGINT: PostgreSQL's fast shutdown. */
async function stopServer(pid: number): Promise<void> {
  const identity = identify(pid);
  if (!identity) return;
  process.kill(pid, 'SIGCONT');
  process.kill(pid, 'SIGINT');
  if (await hasEnded(identity, STOP_WITHIN_MS)) return;
  process.kill(pid, 'SIGKILL');
  await hasEnded(identity, STOP_WITHIN_MS);
}

/** Backends outlive a killed server for a moment, and a new one refuses while they are attached. */
async function backendsGone(sharedMemory: number): Promise<void> {
  const deadline = Date.now() + BACKENDS_GONE_WITHIN_MS;
  while (attached(sharedMemory) > 0 && Date.now() < deadline) await delay(POLL_MS);
}

function attached(sharedMemory: number): number {
  if (!existsSync('/proc/sysvipc/shm')) return 0;
  const rows = readFileSync('/proc/sysvipc/shm', 'utf8').split('\n');
  const row = rows
    .map((line) => line.trim().split(/\s+/))
    .find((r) => Number(r[1]) === sharedMemory);
  return Number(row?.[ATTACHED_COLUMN] ?? 0);
}
