import { describe, expect, it } from '@jest/globals';
import { dirname } from 'node:path';
import { stackFileOfEnvironment } from '../verify.config.ts';
import { readStackFile } from '../../stack/stack-file.ts';
import { commitsIn, inFairWeather, livesOf } from '../weather.ts';
import { reportOf, runCell } from './cell.ts';
import { cellsOf } from './parts.ts';
import { shufflerOf } from './seed.ts';
import { stageOf } from './stage.ts';

/** Three ways to be away: nobody there, silent, without its database. `outage.e2e.ts` takes Kafka away. */
const CELLS = 'queue/killed,content/paused,oltp-db/killed';
const LASTS_MS = 2_000;
const WITHIN_MS = 1_200_000;

const isOfMail = (violation: string): boolean => / copies of /.test(violation);

describe('every route of the OpenAPI document', () => {
  const shuffle = shufflerOf(Number(process.pid));

  it.each(cellsOf(CELLS).map((cell) => [cell.part.name, cell.mode, cell] as const))(
    'while %s is %s: refused, degraded or untouched as it declares, and all is made up for',
    async (_part, _mode, cell) => {
      const stage = stageOf(dirname(stackFileOfEnvironment()), new Map());
      const description = readStackFile(stage.dataDirectory);
      if (!description) throw new Error('the stack has gone');
      const hurt = [cell.part.name];
      const report = await inFairWeather({
        run: () => reportOf(cell, () => runCell(cell, stage, { holdMs: LASTS_MS, shuffle })),
        // Mail that is lost or doubled is never put down to a machine that stands still.
        isFinal: ({ violations, delivered, emails }) =>
          violations.length === 0 || delivered !== emails || violations.some(isOfMail),
        questions: [...commitsIn(description, hurt), ...livesOf(description, hurt)],
      });
      expect(report.violations).toEqual([]);
      expect(report.routes).toBeGreaterThanOrEqual(19);
      expect(report.delivered).toBe(report.emails);
    },
    WITHIN_MS,
  );
});
