import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const OLDEST_JAVA = 17;
const ANYBODY_RUNS = 0o111;

/** A Java that can run Kafka. */
export interface Java {
  file: string;
  /** As it names itself, such as `17.0.15+6-Debian-1deb12u1`. */
  version: string;
}

/** First executable of that name in `PATH`. */
export function findExecutable(name: string, path: string): string | undefined {
  const files = path.split(delimiter).map((directory) => join(directory, name));
  return files.find((file) => isExecutable(file));
}

/** PATH may name directories of other users. */
function isExecutable(file: string): boolean {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    return found !== undefined && found.isFile() && (found.mode & ANYBODY_RUNS) !== 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return false;
    throw error;
  }
}

/** The Java of JAVA_HOME, else of PATH; undefined when there is none of version 17 or later. */
export function findJava(env: { JAVA_HOME?: string; PATH?: string }): Java | undefined {
  const home = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin') : '';
  const path = [home, env.PATH ?? ''].filter((entry) => entry !== '').join(delimiter);
  const file = findExecutable('java', path);
  if (file === undefined) return undefined;
  const version = javaVersion(file);
  return majorVersion(version) >= OLDEST_JAVA ? { file, version } : undefined;
}

/** `1.8.0_392` is 8, `17.0.15+6` is 17. */
export function majorVersion(version: string): number {
  const [first = '0', second = '0'] = version.split(/[._+-]/);
  return Number(first === '1' ? second : first);
}

/** From the file beside it where there is one: asking the program itself costs 0.1 s. */
function javaVersion(file: string): string {
  const release = join(dirname(dirname(realpathSync(file))), 'release');
  const text = existsSync(release)
    ? readFileSync(release, 'utf8')
    : execFileSync(file, ['-XshowSettings:properties', '-version'], { encoding: 'utf8' });
  const found = /JAVA_RUNTIME_VERSION="(.+)"/.exec(text) ?? /JAVA_VERSION="(.+)"/.exec(text);
  return found?.[1] ?? '0';
}
