import { jobTypes } from '@penguinmails/contracts';

/** Types whose jobs send an e-mail: oltp is told how they end, and a job has the id of its e-mail. */
export const DELIVERY_TYPES: readonly string[] = Object.values(jobTypes)
  .filter(({ reports }) => reports === 'delivery')
  .map(({ type }) => type);

/** Whether oltp is told how jobs of a type end; false for one that is not declared any more. */
export function reportsDelivery(type: string): boolean {
  return DELIVERY_TYPES.includes(type);
}
