import type { StackPlan } from '../plan.ts';

export async function runDemo(_plan: StackPlan): Promise<boolean> {
  return true;
}
