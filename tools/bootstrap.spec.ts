import { describe, expect, it } from '@jest/globals';
import { Linter } from 'eslint';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './stack/repository.ts';

const ECMA_OF_NODE_18 = 2022;
const NEWER_THAN_NODE_18 = /import\.meta\.(dirname|filename|resolve)|withResolvers|process\.execve/;

describe.each(['bootstrap.mjs', 'start.mjs', 'test.mjs'])('tools/%s', (file) => {
  const source = readFileSync(join(root, 'tools', file), 'utf8');

  it('parses on Node 18', () => {
    const languageOptions = { ecmaVersion: ECMA_OF_NODE_18, sourceType: 'module' } as const;
    expect(new Linter().verify(source, [{ languageOptions }])).toEqual([]);
    expect(source).not.toMatch(NEWER_THAN_NODE_18);
  });

  it('needs nothing installed', () => {
    const imports = [...source.matchAll(/^import .* from '(.+)';$/gm)].map((match) => match[1]);
    expect(imports.length).toBeGreaterThan(0);
    for (const name of imports) expect(name).toMatch(/^(node:|\.\/bootstrap\.mjs$)/);
  });
});
