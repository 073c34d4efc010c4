import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, root } from '../repository.ts';

const run = promisify(execFile);
const DOWNLOAD_WITHIN_MS = 10 * 60_000;

/** Apache Kafka's version; pom.xml and jars.tsv name the same one. */
export const kafkaVersion = '4.4.0';

/** One line of jars.tsv: a file of the class path and what it must be. */
export interface Jar {
  file: string;
  sha256: string;
  bytes: number;
}

const here = join(root, 'tools', 'stack', 'kafka');

/** Where the checked files lie; a new version or list gets a directory of its own. */
export const jarDirectory = join(cacheDirectory, 'kafka', `jars-${kafkaVersion}`);

/** The jars that the broker needs, in class-path order (the class archive depends on it). */
export function wantedJars(list = readFileSync(join(here, 'jars.tsv'), 'utf8')): Jar[] {
  const lines = list.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [, artifact = '', version = '', sha256 = '', bytes = ''] = line.split('\t');
    return { file: `${artifact}-${version}.jar`, sha256, bytes: Number(bytes) };
  });
}

/**
 * Checks every file against its SHA-256.
 *
 * @throws Error naming the first file that is missing or is not the one that was reviewed
 */
export function checkJars(directory: string, jars: readonly Jar[]): void {
  for (const jar of jars) {
    const path = join(directory, jar.file);
    if (!existsSync(path)) throw new Error(`${path} is missing`);
    const content = readFileSync(path);
    const hash = createHash('sha256').update(content).digest('hex');
    if (hash !== jar.sha256 || content.length !== jar.bytes) {
      throw new Error(
        `${path} is not the file that tools/stack/kafka/jars.tsv names (SHA-256 ${hash}, ` +
          `expected ${jar.sha256}): it is refused; delete it, and find out where it came from`,
      );
    }
  }
}

export const classPath = (jars: readonly Jar[]): string =>
  jars.map((jar) => join(jarDirectory, jar.file)).join(':');

export const jarsArePresent = (): boolean => existsSync(jarDirectory);

/** Lets Maven fetch the files, checks them, and only then puts them where they are used. */
export async function downloadJars(maven: string): Promise<void> {
  await mkdir(join(cacheDirectory, 'kafka'), { recursive: true });
  const draft = mkdtempSync(join(cacheDirectory, 'kafka', 'download-'));
  await runMaven(maven, draft);
  checkJars(draft, wantedJars());
  moveUnlessPresent(draft);
}

async function runMaven(maven: string, outputDirectory: string): Promise<void> {
  const pom = join(here, 'pom.xml');
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${outputDirectory}`];
  try {
    await run(maven, ['-q', '-B', '-f', pom, ...goal], { timeout: DOWNLOAD_WITHIN_MS });
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new Error(`Maven could not fetch Apache Kafka:\n${stdout ?? String(error)}`, {
      cause: error,
    });
  }
}

function moveUnlessPresent(draft: string): void {
  if (jarsArePresent()) rmSync(draft, { recursive: true });
  else renameSync(draft, jarDirectory);
}
