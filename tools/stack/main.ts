// npm start [-- --once --no-demo --no-restart --data-dir DIR --port-base N --apps a,b
//                 --replicas a=3,b=2]
import { createDemoTenants } from './demo/demo-tenants.ts';
import { runDemo } from './demo/run-demo.ts';
import { metricsUrl } from './apps/environment.ts';
import { processesOf } from './plan.ts';
import { outliveReaders, say } from './progress.ts';
import { inboxUrl } from './stack-file.ts';
import { parseOptions, readEnvironment, type StackOptions } from './stack.config.ts';
import { StackRun } from './stack-run.ts';
import { watchParent } from './supervisor/parent-watch.ts';

let failed = false;

/** Settles with the reason when somebody wants the stack to end. */
function stopRequest(): { asked: Promise<string>; ask: (reason: string) => void } {
  const { promise: asked, resolve: ask } = Promise.withResolvers<string>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => ask(signal));
  }
  watchParent(() => ask('the process that started this one has ended'));
  // Whatever goes wrong in here, the processes that were started must not stay behind.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error.stack}\n`);
    failed = true;
    ask('a fault of the supervisor');
  });
  return { asked, ask };
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  outliveReaders();
  const { asked, ask } = stopRequest();
  const run = await StackRun.prepare(options, readEnvironment());
  const work = serve(run, options, asked, () => ask('asked by npm run stack'));
  const stopped = asked.then((reason) => (say(`stopping: ${reason}`), 0));
  try {
    return await Promise.race([work, stopped]);
  } finally {
    await run.stop();
    say('stopped');
  }
}

/** Starts, shows, and waits; the exit code of `--once` says whether every tier had its evidence. */
async function serve(
  run: StackRun,
  options: StackOptions,
  asked: Promise<string>,
  stopAsked: () => void,
): Promise<number> {
  await run.start(stopAsked);
  const { plan } = run;
  if (plan.apps.includes('gateway') && plan.apps.includes('oltp')) await createDemoTenants(plan);
  run.publish();
  say('ready');
  const missing = options.demo && plan.apps.includes('gateway') ? await runDemo(plan) : [];
  if (missing.length > 0) process.stderr.write(`no evidence from: ${missing.join(', ')}\n`);
  if (options.once) return missing.length === 0 ? 0 : 1;
  showWhereToLook(run);
  await asked;
  return 0;
}

function showWhereToLook({ plan }: StackRun): void {
  const [tenant] = plan.secrets.tenants;
  const lines = [
    `API docs   ${plan.publicUrl}/docs`,
    `inbox      ${inboxUrl(plan)}`,
    ...processesOf(plan).map(
      (replica) => `metrics    ${metricsUrl(plan, replica)}/metrics  ${replica.name}`,
    ),
    ...(tenant
      ? [`try        curl -H 'Authorization: Bearer ${tenant.live}' ${plan.publicUrl}/v1/emails`]
      : []),
    `state      npm run stack -- status     (logs in ${plan.dataDirectory}/logs)`,
    'stop       Ctrl-C',
  ];
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
}

try {
  const code = await main(process.argv.slice(2));
  process.exitCode = failed ? 1 : code;
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
