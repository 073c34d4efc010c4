/** Types whose jobs send an e-mail: oltp is told how they end, and a job has the id of its e-mail. */
export const DELIVERY_TYPES: readonly string[] = ['send_email'];

/** Whether oltp is told how jobs of a type end. */
export function reportsDelivery(type: string): boolean {
  return DELIVERY_TYPES.includes(type);
}
