import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

/** One text in one compiled file, put in the place of another: a guard taken out of the product. */
export interface SourceChange {
  /** Path below the root of the repository, such as `libs/http/dist/page/cursor.js`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

const THIS_MODULE = import.meta.url;

/**
 * Makes the changes in the moment in which this process loads the files; nothing on the disk is
 * touched. To be called before the app's own modules are loaded.
 * @throws Error in the app, which then does not start, when a text is not there exactly once: else a
 * mutant that is none any more would pass for a survivor, or for caught
 */
export function changeSources(changes: readonly SourceChange[]): void {
  for (const change of changes)
    registerHooks({
      load(url, context, next) {
        const loaded = next(url, context);
        if (!url.endsWith(`/${change.file}`)) return loaded;
        return { ...loaded, source: changed(String(loaded.source), change) };
      },
    });
}

/** @throws Error when the text is not there exactly once */
export function changed(source: string, { file, find, replace }: SourceChange): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`the mutant has ${parts.length - 1} places to change in ${file}`);
  return parts.join(replace);
}

/** Writes a module that makes the changes, for `--import` or the stack's `--preload`. @returns its path */
export function writePreload(directory: string, changes: readonly SourceChange[]): string {
  const file = join(directory, 'mutant.mjs');
  writeFileSync(
    file,
    `import { changeSources } from ${JSON.stringify(THIS_MODULE)};
changeSources(${JSON.stringify(changes)});
`,
  );
  return file;
}
