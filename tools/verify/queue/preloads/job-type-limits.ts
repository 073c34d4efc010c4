// Loaded before a process, as `job-type-limits.ts?leaseMs=…&heartbeatMs=…&…`: every declared job type
// gets these limits. The product has no switch for them.
import { registerHooks } from 'node:module';

const wanted = [...new URL(import.meta.url).searchParams];
const DECLARATIONS = '/libs/contracts/dist/generated/job-types.js';

/** @throws Error in the process, which then does not start, when there is nothing to change */
function changed(source: string): string {
  return wanted.reduce((text, [name, value]) => {
    const [pattern, replacement] =
      name === 'waitSeconds'
        ? [/backoffSeconds: \[([^\]]*)\]/g, waits(Number(value))]
        : [new RegExp(`${name}: \\d+`, 'g'), () => `${name}: ${value}`];
    if (!pattern.test(text)) throw new Error(`no ${name} in ${DECLARATIONS}`);
    pattern.lastIndex = 0;
    return text.replace(pattern, replacement);
  }, source);
}

/** As many waits as before, all of them short. */
function waits(seconds: number) {
  return (_all: string, list: string): string =>
    `backoffSeconds: [${list
      .split(',')
      .filter((one) => one.trim() !== '')
      .map(() => seconds)
      .join(', ')}]`;
}

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith(DECLARATIONS)) return loaded;
    return { ...loaded, source: changed(String(loaded.source)) };
  },
});
