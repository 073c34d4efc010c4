import { join } from 'node:path';
import type { App } from '../ports.ts';
import { cacheDirectory, nodePath, root } from '../repository.ts';
import { runProgram } from '../run-program.ts';

/** Compiles the apps and the libs they use; `tsc` does nothing where nothing has changed. */
export async function buildApps(apps: readonly App[], signal: AbortSignal): Promise<void> {
  if (apps.length === 0) return;
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const projects = apps.map((app) => join('apps', app));
  await runProgram(nodePath, [compiler, '-b', ...projects], { cwd: root, signal });
}

/** A compiled file of an app, such as `main.js`. */
export const builtFile = (app: App, file: string): string => join(root, 'apps', app, 'dist', file);

/** V8 keeps what it compiled, which halves an app's start. */
export const compileCache = { NODE_COMPILE_CACHE: join(cacheDirectory, 'node-compile') };
