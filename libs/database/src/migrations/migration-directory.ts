import { fileURLToPath } from 'node:url';

/** Folder of this library's own migrations: schema conventions and partition functions. */
export const migrationDirectory = fileURLToPath(new URL('../../migrations', import.meta.url));
