/** How many copies of a message to this address the mail server holds. */
export async function copiesTo(inboxUrl: string, to: string): Promise<number> {
  const query = new URLSearchParams({ to, limit: '1000' });
  const answer = await fetch(`${inboxUrl}/api/messages?${query}`, {
    signal: AbortSignal.timeout(10_000),
  });
  return ((await answer.json()) as { data: unknown[] }).data.length;
}
