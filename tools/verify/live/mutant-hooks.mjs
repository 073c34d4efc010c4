// Preloaded into one app (--import): replaces a text in one compiled file while it is loaded, so that
// a guard can be taken out of a running product without a switch in it. MUTANT: {file, find, replace}.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const { file, find, replace } = JSON.parse(process.env.MUTANT);

registerHooks({
  load(url, context, next) {
    if (!url.startsWith('file:') || !url.endsWith(file)) return next(url, context);
    const source = readFileSync(fileURLToPath(url), 'utf8');
    const places = source.split(find).length - 1;
    if (places !== 1) throw new Error(`the mutant has ${places} places to change in ${file}`);
    process.stderr.write(`mutant: ${file} changed\n`);
    return { format: 'module', source: source.replace(find, replace), shortCircuit: true };
  },
});
