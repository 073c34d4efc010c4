import { registerHooks } from 'node:module';

/**
 * Changes one text of one compiled file in the moment in which an app loads it; nothing on the disk
 * is touched. Loaded by `--import` before the app's own modules.
 *
 * @throws Error in the app, which then does not start, when the text is not there exactly once
 */
export function patch(file: string, from: string, to: string): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.endsWith(file)) return loaded;
      const parts = String(loaded.source).split(from);
      if (parts.length !== 2) throw new Error(`${file}: the text to be changed is not there once`);
      process.stderr.write(`mutant: ${file} changed\n`);
      return { ...loaded, source: parts.join(to) };
    },
  });
}
