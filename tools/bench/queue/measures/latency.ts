import { setTimeout as delay } from 'node:timers/promises';
import { settle } from '../admin.ts';
import { within } from '../deadline.ts';
import { percentile } from '../percentile.ts';
import { type Figures, nextJobs, type Run, warmUp } from '../run.ts';

const SHORTEST_GAP_MS = 5;
const LONGEST_GAP_MS = 15;
const SAMPLE_WITHIN_MS = 15_000;
/** After a VACUUM (ANALYZE) every session plans its statements anew: what the first jobs take is not counted. */
const FIRST_JOBS = 20;

/** An idle queue with one worker: from the call of enqueue to the first line of the handler. */
export async function measureLatency(run: Run): Promise<Figures> {
  await warmUp(run);
  await settle(run.urls.admin);
  const { latencyShare = 1 } = run.description;
  const wanted = Math.ceil(run.sizes.samples * latencyShare);
  const first = latencyShare === 1 ? FIRST_JOBS : 0;
  const samples = (await sample(run, first + wanted)).slice(first);
  return {
    latency_p50: percentile(samples, 50),
    latency_p95: percentile(samples, 95),
    latency_p99: percentile(samples, 99),
    latency_samples: samples.length,
  };
}

async function sample(run: Run, count: number): Promise<number[]> {
  let arrived: (at: number) => void = () => undefined;
  const worker = await run.contender.work(1, () => arrived(performance.now()));
  const longest = run.description.latencyGapMs ?? LONGEST_GAP_MS;
  const samples: number[] = [];
  try {
    for (let n = 0; n < count; n += 1) {
      await delay(SHORTEST_GAP_MS + Math.random() * (longest - SHORTEST_GAP_MS));
      const handled = new Promise<number>((resolve) => (arrived = resolve));
      const [job] = nextJobs(run, 1);
      const calledAt = performance.now();
      const [at] = await within(
        SAMPLE_WITHIN_MS,
        'a job on an idle queue',
        Promise.all([handled, run.contender.addOne(job)]),
      );
      samples.push(at - calledAt);
    }
  } finally {
    await worker.stop();
  }
  return samples;
}
