import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Downloads and templates; git-ignored, safe to delete while nothing runs. */
export const cacheDirectory = join(root, '.cache');

/** The Node that runs this, and with it the apps. */
export const nodePath = process.execPath;
