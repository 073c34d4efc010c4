// Child of main.ts: one contender, one measure, on a database of its own.
import type { BenchUrls } from './contender.ts';
import { contenderNamed } from './contenders/all-contenders.ts';
import { CostMeter, type ServerAddress } from './cost-meter.ts';
import { measures } from './measures/all-measures.ts';
import type { MeasureName, Sizes } from './options.ts';
import type { Figures, Run } from './run.ts';

/** What the parent hands over, as JSON in the first argument. */
export interface RunRequest {
  readonly contender: string;
  readonly measure: MeasureName;
  readonly repetition: number;
  readonly urls: BenchUrls;
  readonly sizes: Sizes;
  readonly server: ServerAddress;
}

/** What it gets back. */
export type RunAnswer = { readonly figures: Figures } | { readonly failure: string };

async function measured(request: RunRequest): Promise<Figures> {
  const { urls, sizes, repetition, server } = request;
  const description = contenderNamed(request.contender);
  const contender = description.create(urls);
  const meter = new CostMeter(server);
  const run: Run = { contender, description, urls, sizes, repetition, meter, made: 0 };
  await Promise.all([contender.open(), meter.open()]);
  const figures = await measures[request.measure](run);
  await contender.close();
  await meter.close();
  return figures;
}

function answer(message: RunAnswer, code: number): void {
  // Only when the parent has it: an exit drops what is on its way.
  process.send?.(message, () => {
    process.off('disconnect', endAlone);
    if (code === 0) process.disconnect();
    else process.exit(code);
  });
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  answer({ failure: error instanceof Error ? error.message : String(error) }, 1);
}

/** The parent has gone: nobody waits for figures. */
function endAlone(): void {
  process.exit(1);
}

process.once('disconnect', endAlone);
process.once('uncaughtException', fail);
try {
  answer({ figures: await measured(JSON.parse(process.argv[2]) as RunRequest) }, 0);
} catch (error) {
  fail(error);
}
