// The SMTP sink's process: `node main.ts --smtp-port N --http-port N --directory DIR [--keep N]`.
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
  },
});

const store = new MessageStore(values.directory, Number(values.keep));
const inbox = createInboxServer(store).listen(Number(values['http-port']), HOST);
const mail = createMailServer(store);
mail.listen(Number(values['smtp-port']), HOST);
await Promise.all([once(inbox, 'listening'), once(mail.server, 'listening')]);

process.once('SIGTERM', () => {
  inbox.close();
  inbox.closeAllConnections();
  mail.close(() => process.exit(0));
});
