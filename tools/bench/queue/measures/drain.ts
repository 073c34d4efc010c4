import { costPerJob } from '../cost-meter.ts';
import { drainAll, type Figures, jobsFor, load, type Run, warmUp } from '../run.ts';

const CONCURRENCIES = [1, 10, 50];

/** No-op handlers on a loaded queue: jobs a second and what each costs. */
export async function measureDrain(run: Run): Promise<Figures> {
  await warmUp(run);
  const figures: Figures = { drain_duplicates: 0 };
  for (const concurrency of CONCURRENCIES) {
    const jobs = jobsFor(run, run.sizes.jobs);
    await load(run, jobs);
    const { perSecond, handled, before, after } = await drainAll(run, concurrency, jobs);
    figures[`drain_c${concurrency}`] = perSecond;
    figures.drain_duplicates += handled.duplicates;
    for (const [name, value] of Object.entries(costPerJob(before, after, jobs)))
      figures[`drain_c${concurrency}_${name}`] = value;
  }
  return figures;
}
