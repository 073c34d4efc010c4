import type { ReceivedMessage } from '../../smtp/message-store.ts';
import { inboxUrl } from '../../stack-file.ts';
import { byId } from './evidence.ts';

const ANSWER_WITHIN_MS = 5_000;

/** The message as it arrived in the inbox. */
export const worker = byId('worker', async ({ plan, to, subject }) => {
  const query = new URLSearchParams({ to, subject, timeout_ms: '0' });
  const answer = await fetch(`${inboxUrl(plan)}/api/wait?${query}`, {
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (answer.status === 404) return undefined;
  const message = (await answer.json()) as ReceivedMessage;
  const text = `sent by SMTP: message ${message.id} in the inbox (${message.size_bytes} bytes) for ${to}`;
  return { text, at: new Date(message.received_at) };
});
