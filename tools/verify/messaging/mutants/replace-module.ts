// Loaded before a process under test, as `replace-module.ts?library=…&module=…&by=…`: wherever the
// library imports that module of its own, it gets the wrong one of this directory instead. The wrong
// one itself may import the original.
import { registerHooks } from 'node:module';

const { searchParams } = new URL(import.meta.url);
const named = (name: string): string => searchParams.get(name) ?? '';
const libraries = new URL('../../../../libs/', import.meta.url);
const original = new URL(`${named('library')}/dist/${named('module')}`, libraries).href;
const replacement = new URL(named('by'), import.meta.url).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    if (found.url !== original || context.parentURL === replacement) return found;
    return { url: replacement, shortCircuit: true };
  },
});
