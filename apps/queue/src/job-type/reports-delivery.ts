/** Whether oltp is told how jobs of a type end: those that send an e-mail, whose id is in the payload. */
export function reportsDelivery(type: string): boolean {
  return type === 'send_email';
}
