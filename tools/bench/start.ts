// npm run bench:start [-- --runs N --fresh --test]: figures of issue 3 as JSON lines.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { nodePath, root } from '../stack/repository.ts';
import { freshClone } from './fresh-clone.ts';
import { productMemory } from './memory-use.ts';
import { startMeasured } from './measured-start.ts';

const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    /** Also a clone with nothing installed: clone, npm ci, compile, start. */
    fresh: { type: 'boolean', default: false },
    /** Also the whole of npm test. */
    test: { type: 'boolean', default: false },
  },
});

function report(metric: string, figures: Record<string, unknown>): void {
  const line = { metric, ...figures, cores: cpus().length, at: new Date().toISOString() };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const seconds = (ms: number): number => Math.round(ms / 10) / 100;

/** Installed and built, an empty data directory each time; all figures, as one run says little. */
async function measureReady(runs: number): Promise<void> {
  await (await startMeasured(root, ['--no-demo'], 'ready')).stop(); // compiles what has changed
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const stack = await startMeasured(root, ['--no-demo'], 'ready');
    times.push(seconds(stack.milliseconds));
    await stack.stop();
  }
  report('ready_built_seconds', { max: Math.max(...times), runs: times, limit: 15 });
}

async function measureDemo(): Promise<void> {
  const stack = await startMeasured(root, [], 'shown');
  const { total, parts } = productMemory(stack.dataDirectory);
  report('demo_seconds', { value: seconds(stack.milliseconds) });
  report('memory_pss_mib', { value: Math.round(total / MIB), limit: 2048, parts });
  await stack.stop();
}

async function measureFresh(): Promise<void> {
  const clone = freshClone();
  const stack = await startMeasured(clone.directory, ['--no-demo'], 'ready');
  report('ready_fresh_seconds', { value: seconds(stack.milliseconds), limit: 120 });
  await stack.stop();
  clone.remove();
}

async function measureTest(): Promise<void> {
  const began = Date.now();
  const stdio: ['ignore', 2, 'inherit'] = ['ignore', 2, 'inherit'];
  const child = spawn(nodePath, ['tools/test.mjs'], { cwd: root, stdio });
  const [code] = (await once(child, 'exit')) as [number | null];
  report('test_seconds', { value: seconds(Date.now() - began), limit: 480, exit_code: code });
}

await measureReady(Number(values.runs));
await measureDemo();
if (values.fresh) await measureFresh();
if (values.test) await measureTest();
