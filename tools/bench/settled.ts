import { callGateway } from '../stack/demo/gateway.ts';
import type { StackDescription } from '../stack/stack-file.ts';

interface Health {
  tiers: {
    data: { outbox: { depth: number } | null; consumer: { lag: number } | null } | null;
  }[];
}

const LOOK_EVERY_MS = 500;

/**
 * Waits until all events are published and taken in; jobs may still wait for the worker.
 * @returns seconds it took @throws Error after `patienceSeconds`
 */
export async function settled(stack: StackDescription, patienceSeconds = 300): Promise<number> {
  const began = performance.now();
  for (;;) {
    const seconds = (performance.now() - began) / 1000;
    if ((await backlog(stack)) === 0) return Math.round(seconds * 10) / 10;
    if (seconds > patienceSeconds) throw new Error('the tiers do not catch up');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function backlog(stack: StackDescription): Promise<number> {
  const gateway = { publicUrl: stack.gateway.url };
  const key = stack.keys.platform ?? '';
  const { tiers } = await callGateway<Health>(gateway, key, 'GET', '/v1/admin/health');
  return tiers.reduce((sum, { data }) => {
    return sum + (data?.outbox?.depth ?? 1) + (data?.consumer?.lag ?? 1);
  }, 0);
}
