// Runs before anything is installed, under whatever Node the person has (18 or later): Node
// built-ins only. Installs the packages, then goes on under the Node 24 that npm brought.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const WATCH_PARENT_MS = 500;
const STILL_EVERY_MS = 5000;
const MINIMUM_NODE = [24, 9];

/** Absolute path of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const modules = join(root, 'node_modules');
const stampFile = join(modules, '.installed-from');
const ownNode = join(modules, '.bin', 'node');

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** True when what npm wrote down in node_modules is what package-lock.json asks for. */
function installedMatchesLock() {
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = readJson(record).packages;
  const wanted = readJson(join(root, 'package-lock.json')).packages;
  return Object.keys(wanted).every((path) => {
    if (path === '') return true;
    if (!installed[path]) return Boolean(wanted[path].optional || wanted[path].devOptional);
    return installed[path].version === wanted[path].version;
  });
}

/** True when node_modules belongs to another package-lock.json, or is not there. */
function packagesAreStale() {
  if (!existsSync(modules)) return true;
  if (existsSync(stampFile)) return readFileSync(stampFile, 'utf8') !== lockHash();
  if (!installedMatchesLock()) return true;
  writeFileSync(stampFile, lockHash());
  return false;
}

/** `npm ci` deletes node_modules, so it must not run under a Node that lies in there. */
function npmCommand() {
  const node = process.env.npm_node_execpath;
  const npm = process.env.npm_execpath;
  if (node && npm && !node.startsWith(modules + sep)) return [node, [npm]];
  return ['npm', []];
}

function pathWithoutModules() {
  const own = (entry) => entry.startsWith(modules + sep);
  return (process.env.PATH || '')
    .split(delimiter)
    .filter((entry) => !own(entry))
    .join(delimiter);
}

async function installPackages() {
  console.log('Installing packages (npm ci, about 1 minute)');
  const began = Date.now();
  const still = setInterval(() => {
    console.log(`Installing packages … ${Math.round((Date.now() - began) / 1000)} s`);
  }, STILL_EVERY_MS);
  const status = await runNpmCi();
  clearInterval(still);
  if (status === undefined)
    fail('npm was not found: install Node.js with npm, then run this again.');
  if (status !== 0) fail('npm ci failed (see above): mend that, then run this again.');
  writeFileSync(stampFile, lockHash());
}

/** Exit status; undefined when there is no npm. Warnings about engines are meant for other Nodes. */
function runNpmCi() {
  const [command, args] = npmCommand();
  const options = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const child = spawn(command, [...args, ...options], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: pathWithoutModules() },
  });
  return new Promise((resolve) => {
    child.on('error', () => resolve(undefined));
    child.on('exit', resolve);
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function nodeIsRecent() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
}

/** A wrapper that passes signals on, and ends its child when its own parent is gone. */
function continueUnderOwnNode(script) {
  const child = spawn(ownNode, [script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), WATCH_PARENT_MS).unref();
  child.on('exit', (code) => process.exit(code === null ? 1 : code));
}

/**
 * Makes the packages current and runs a TypeScript entry under Node 24.
 *
 * @param {string} entry path of the entry relative to tools/, such as `stack/main.ts`
 */
export async function runUnderNode24(entry) {
  if (packagesAreStale()) await installPackages();
  const script = join(root, 'tools', ...entry.split('/'));
  if (nodeIsRecent() && existsSync(process.execPath)) {
    process.argv[1] = script;
    await import(pathToFileURL(script).href);
  } else if (existsSync(ownNode)) {
    continueUnderOwnNode(script);
  } else {
    fail(
      `Node ${MINIMUM_NODE.join('.')} or later is needed and npm has none for this platform: ` +
        `install Node 24 (this is ${process.versions.node}), then run this again.`,
    );
  }
}
