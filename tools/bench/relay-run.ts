// Child of relay.ts: one relay. Ready when connected; starts on 'go', ends on anything else.
import { type RelayOptions, productRelay, skipLockedRelay } from './relay-ways.ts';

const options = JSON.parse(process.argv[2]) as RelayOptions;
const build = options.way === 'skip_locked' ? skipLockedRelay : productRelay;
const relay = await build(options);
process.on('message', (message) => {
  if (message === 'go') relay.start();
  else void relay.stop().then(() => process.disconnect());
});
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
