// The SMTP sink's process: `node main.ts --smtp-port N --http-port N --directory DIR [--keep N] [--journal]
// [--delay-ms N]`.
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { createInboxServer } from './inbox-api.ts';
import { createMailServer } from './mail-server.ts';
import { MessageStore } from './message-store.ts';

const HOST = '127.0.0.1';

const { values } = parseArgs({
  options: {
    'smtp-port': { type: 'string', default: '1025' },
    'http-port': { type: 'string', default: '8025' },
    directory: { type: 'string', default: 'messages' },
    keep: { type: 'string', default: '1000' },
    journal: { type: 'boolean', default: false },
    'delay-ms': { type: 'string', default: '0' },
  },
});

const { directory, keep, journal } = values;
const store = new MessageStore(directory, Number(keep), journal);
const pace = { delayMs: Number(values['delay-ms']) };
const inbox = createInboxServer(store, pace).listen(Number(values['http-port']), HOST);
const mail = createMailServer(store, pace);
mail.listen(Number(values['smtp-port']), HOST);
await Promise.all([once(inbox, 'listening'), once(mail.server, 'listening')]);

process.once('SIGTERM', () => {
  inbox.close();
  inbox.closeAllConnections();
  mail.close(() => process.exit(0));
});
