import { outcomeOfReply, type SendOutcome } from '../smtp/send-outcome.js';

const MAGIC: Readonly<Record<string, { kind: SendOutcome['kind']; reply: string }>> = {
  bounced: { kind: 'bounced', reply: '550 5.1.1 sandbox: no such user' },
  deferred: { kind: 'deferred', reply: '451 4.3.0 sandbox: try again later' },
};

/**
 * The transport of test mail where no sandbox server is configured: opens no socket and answers by the
 * recipient's magic local part, as a sandbox server would (rest.md "Sandbox").
 */
export function recordOnly(to: string): SendOutcome {
  const { kind, reply } = MAGIC[to.split('@')[0]] ?? {
    kind: 'delivered',
    reply: '250 2.0.0 sandbox: recorded only',
  };
  return outcomeOfReply(kind, reply);
}
