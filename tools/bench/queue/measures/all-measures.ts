import type { MeasureName } from '../options.ts';
import type { Figures, Run } from '../run.ts';
import { measureAdd } from './add.ts';
import { measureDrain } from './drain.ts';
import { measureFinished } from './finished.ts';
import { measureIdle } from './idle.ts';
import { measureLatency } from './latency.ts';
import { measurePending } from './pending.ts';
import { measureSnapshot } from './snapshot.ts';

export const measures: Readonly<Record<MeasureName, (run: Run) => Promise<Figures>>> = {
  drain: measureDrain,
  add: measureAdd,
  latency: measureLatency,
  pending: measurePending,
  finished: measureFinished,
  snapshot: measureSnapshot,
  idle: measureIdle,
};
