import { setTimeout as delay } from 'node:timers/promises';
import { type DriftStack, GRACES } from './drift-stack.ts';
import type { Send, Sender } from './sender.ts';
import { until } from '../until.ts';

const SETTLES_WITHIN_MS = 300_000;
const TIMES_TO_SEND = 5;

/** Something goes wrong while e-mails are accepted; afterwards everything runs again. */
export interface Scenario {
  readonly name: string;
  run(stack: DriftStack, sender: Sender, count: number): Promise<Send[]>;
}

/** In this order: the first finds an empty product. */
export const scenarios: readonly Scenario[] = [
  { name: 'kafka down past both graces', run: kafkaDownPastTheGraces },
  { name: 'accepts refused by oltp', run: refusedAccepts },
  crashOf('oltp'),
  crashOf('oltp-db'),
  crashOf('content'),
  crashOf('content-db'),
  crashOf('gateway'),
  pauseOf('oltp'),
  pauseOf('content-db'),
  { name: 'content down past both graces', run: contentDownPastTheGraces },
];

/**
 * Every accepted e-mail's claim waits in oltp's outbox while its content grows old enough to be
 * condemned, asked about and, had anybody denied it, deleted.
 */
async function kafkaDownPastTheGraces(stack: DriftStack, sender: Sender, count: number) {
  await stack.tell('kill', 'kafka');
  const sends = await sendAccepted(sender, count);
  const pastGraces = async () => {
    const [row] = await stack.rows<{ young: string; all: string }>('content', PAST_GRACES);
    return Number(row?.all) >= count && Number(row?.young) === 0;
  };
  await until('every waiting content is past both graces', pastGraces, SETTLES_WITHIN_MS);
  await stack.tell('start', 'kafka');
  return sends;
}

/** So many are accepted; of a machine that stands still for some seconds some are not. */
async function sendAccepted(sender: Sender, count: number): Promise<Send[]> {
  const sends: Send[] = [];
  const accepted = (): number => sends.filter(({ id }) => id !== undefined).length;
  for (let n = 0; n < TIMES_TO_SEND && accepted() < count; n += 1)
    sends.push(...(await sender.sendMany(count)));
  return sends;
}

const PAST_GRACES = `
SELECT count(*) AS all, count(*) FILTER (WHERE state = 'pending' OR state_changed_at >
  now() - interval '${GRACES.pendingSeconds + GRACES.deniedSeconds} seconds') AS young
FROM content_objects WHERE state <> 'attached'`;

/** The gateway takes the content back itself: nothing is left for the reaper to find. */
async function refusedAccepts(stack: DriftStack, sender: Sender, count: number) {
  const before = await contentCount(stack);
  const sends = await sender.sendMany(count, 'nobody@elsewhere.example');
  const refused = sends.filter(({ answer }) => answer.startsWith('422 ')).length;
  if (refused !== count) throw new Error(`${count - refused} of ${count} sends were not refused`);
  if ((await contentCount(stack)) !== before) throw new Error('a refused accept left its content');
  return sends;
}

/** Claims and denials of the time before meet a content tier that has just come back. */
async function contentDownPastTheGraces(stack: DriftStack, sender: Sender, count: number) {
  await stack.tell('pause', 'kafka');
  const sends = await sender.sendMany(count);
  await stack.tell('kill', 'content');
  await stack.tell('resume', 'kafka');
  await delay((GRACES.pendingSeconds + GRACES.deniedSeconds + 1) * 1000);
  await stack.tell('start', 'content');
  return sends;
}

function crashOf(part: string): Scenario {
  const run = async (stack: DriftStack, sender: Sender, count: number): Promise<Send[]> => {
    const sends = whileSending(stack, sender, count);
    await sends.begun;
    await stack.crash(part);
    return sends.all;
  };
  return { name: `${part} killed during accepts`, run };
}

/** Longer than a request may be open: the gateway has given up when the part goes on. */
function pauseOf(part: string): Scenario {
  const run = async (stack: DriftStack, sender: Sender, count: number): Promise<Send[]> => {
    const sends = whileSending(stack, sender, count);
    await sends.begun;
    await stack.tell('pause', part);
    const all = await sends.all;
    await stack.tell('resume', part);
    return all;
  };
  return { name: `${part} paused during accepts`, run };
}

/** `begun` settles when the first content of these sends is stored. */
function whileSending(stack: DriftStack, sender: Sender, count: number) {
  const before = contentCount(stack);
  const all = before.then(() => sender.sendMany(count));
  const begun = before.then((known) =>
    until(
      'the first content is stored',
      async () => (await contentCount(stack)) > known,
      SETTLES_WITHIN_MS,
    ),
  );
  return { all, begun };
}

async function contentCount(stack: DriftStack): Promise<number> {
  const [row] = await stack.rows<{ n: string }>(
    'content',
    'SELECT count(*) AS n FROM content_objects',
  );
  return Number(row?.n);
}
