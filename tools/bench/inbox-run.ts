// Child of inbox.ts: one consumer, one run.
import { runPerRecord } from './inbox-per-record.ts';
import { runSlices } from './inbox-slices.ts';
import { type RunOptions, Window } from './inbox-window.ts';

const options = JSON.parse(process.argv[2]) as RunOptions;
const window = new Window(options);
await (options.way === 'per_record' ? runPerRecord : runSlices)(options, window);
window.report();
process.disconnect();
