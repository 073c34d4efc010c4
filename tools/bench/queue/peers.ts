import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../stack/repository.ts';

const run = promisify(execFile);
const INSTALL_WITHIN_MS = 240_000;

/** Exact versions; each is installed into a directory of its own, so that one cannot hinder another. */
const dependenciesOf = {
  'graphile-worker': { 'graphile-worker': '0.18.0' },
  'pg-boss': { 'pg-boss': '12.35.0' },
  // pg and ioredis are its optional peers: one for each of its backends.
  bullmq: { bullmq: '6.7.0', pg: '8.23.1', ioredis: '5.8.2' },
} as const;
export type Peer = keyof typeof dependenciesOf;

const LOADER = 'load.mjs';

function directoryOf(peer: Peer): string {
  return join(cacheDirectory, 'bench-queue', peer);
}

/**
 * Installs a peer from the registry that npm is configured for, outside the workspace's own
 * dependencies; what is there in these versions is kept.
 * @throws Error with npm's words
 */
export async function installPeer(peer: Peer): Promise<void> {
  const directory = directoryOf(peer);
  const manifest = manifestOf(peer);
  const marker = join(directory, 'installed.json');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === manifest) return;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), manifest);
  writeFileSync(join(directory, LOADER), 'export const load = (name) => import(name);\n');
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock'];
  await run('npm', args, { cwd: directory, timeout: INSTALL_WITHIN_MS });
  writeFileSync(marker, manifest);
}

function manifestOf(peer: Peer): string {
  const name = `bench-queue-${peer}`;
  return JSON.stringify({ name, private: true, dependencies: dependenciesOf[peer] });
}

/** A package from a peer's directory. @param T what is used of it */
export async function loadFrom<T>(peer: Peer, name: string): Promise<T> {
  const loader = pathToFileURL(join(directoryOf(peer), LOADER)).href;
  const { load } = (await import(loader)) as { load: (name: string) => Promise<T> };
  return load(name);
}

export function versionOf(peer: Peer): string {
  const versions: Record<string, string> = dependenciesOf[peer];
  return versions[peer];
}
