import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutants as chaosMutants } from '../chaos/mutants/mutants.ts';
import { root } from '../stack/repository.ts';
import { kafkaMutants } from '../verify/live/kafka-mutants.ts';
import { restMutants } from '../verify/live/rest-mutants.ts';
import { mutants as outageMutants } from '../verify/outages/mutants.ts';
import { mutants as queueMutants } from '../verify/queue/mutants.ts';
import { changed, type SourceChange } from './source-change.ts';

const changes: readonly SourceChange[] = [
  ...chaosMutants.flatMap(({ preload }) => preload?.changes ?? []),
  ...[...restMutants, ...kafkaMutants].map(({ change }) => change),
  ...outageMutants,
  ...queueMutants.flatMap(({ changes }) => changes),
];

describe('the mutants of the long runs', () => {
  it.each(changes)('fit what is built: $file', (change) => {
    const source = readFileSync(join(root, change.file), 'utf8');
    expect(changed(source, change)).not.toBe(source);
  });

  it('are refused when their text is not there, or twice', () => {
    const change = { file: 'a.js', find: 'guard()', replace: '' };
    expect(() => changed('other()', change)).toThrow('0 places');
    expect(() => changed('guard(); guard()', change)).toThrow('2 places');
  });
});
