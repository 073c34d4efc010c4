import { describe, expect, it } from '@jest/globals';
import { countRounds } from './chaos-stage.ts';
import { countReport } from './jest-stage.ts';
import { commandsOf, pathsOf } from './readme-walk.ts';
import { sum } from './stage.ts';

describe('counting', () => {
  it('counts a file that did not load as a failure', () => {
    const report = { numPassedTests: 7, numFailedTests: 1, numRuntimeErrorTestSuites: 2 };
    expect(countReport(report)).toEqual({ passed: 7, failed: 3 });
    expect(
      sum([
        { passed: 7, failed: 3 },
        { passed: 1, failed: 0 },
      ]),
    ).toEqual({
      passed: 8,
      failed: 3,
    });
  });
});

describe('the short chaos run', () => {
  it('is one test a round or drain, and never a success without an exit code of 0', () => {
    const output = ['{"durability":{}}', '{"round":1,"ok":true}', '{"round":2,"ok":false}', ''];
    expect(countRounds(output.join('\n'), 1, 2)).toEqual({ passed: 1, failed: 1 });
    expect(countRounds('{"round":1,"ok":true}', 0, 1)).toEqual({ passed: 1, failed: 0 });
    expect(countRounds('{"round":1,"ok":true}', 1, 1)).toEqual({ passed: 1, failed: 1 });
    expect(countRounds('{"round":1,"ok":true}', 0, 3)).toEqual({ passed: 1, failed: 2 });
    const drains = '{"drain":"oltp","ok":true}\n{"drain":"queue","ok":false}';
    expect(countRounds(drains, 1, 2)).toEqual({ passed: 1, failed: 1 });
    expect(countRounds('', 1, 1)).toEqual({ passed: 0, failed: 1 });
  });
});

describe('README walk', () => {
  const markdown = [
    'See `apps/gateway`, `libs` and [this](docs/a.md#part) or [that](https://example.org).',
    '```sh',
    'npm start   # everything',
    '',
    'npm test',
    '```',
  ].join('\n');

  it('finds commands and paths', () => {
    expect(commandsOf(`${markdown}\n`)).toEqual(['npm start', 'npm test']);
    expect(pathsOf(markdown)).toEqual(['docs/a.md', 'apps/gateway', 'libs']);
  });
});
