import PostalMime, { type Email } from 'postal-mime';
import { readStack } from './stack.js';

export interface Received {
  readonly id: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly message_id: string;
  readonly received_at: string;
  readonly outcome: 'accepted' | 'cut';
}

/** Every copy that the sink holds for one recipient. */
export async function copiesTo(to: string): Promise<readonly Received[]> {
  const query = new URLSearchParams({ to, limit: '1000' });
  const answer = await fetch(`${readStack().smtp.inbox_url}/api/messages?${query}`);
  return ((await answer.json()) as { data: Received[] }).data;
}

/** A message as a mail program reads it. */
export async function open({ id }: Received): Promise<Email> {
  const answer = await fetch(`${readStack().smtp.inbox_url}/api/messages/${id}/raw`);
  return PostalMime.parse(await answer.arrayBuffer());
}
