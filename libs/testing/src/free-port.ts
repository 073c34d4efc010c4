import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
// Systems take the ports of outgoing connections and of `listen(0)` from above (Linux 32,768): a
// port from there can be gone again before the process that it was meant for has started.
const FIRST_PORT = 10_300;
const ROW = 100;
const ROWS = 217;

/** The row that is given out, and how many of its ports have been. */
let row = Promise.resolve(0);
let given = ROW - 1;

/** A TCP port on 127.0.0.1 on which nothing listens and which no other call here is given. */
export async function freePort(): Promise<number> {
  if (given === ROW - 1) {
    row = freePortBase();
    given = 0;
  }
  const offset = given++;
  const port = (await row) + offset;
  return (await isFree(port)) ? port : freePort();
}

/** So many of them. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

/**
 * The first of 99 ports that are this process's until it ends, as for `npm start -- --port-base`.
 * One that another program listens on may be among them.
 *
 * @throws Error when all rows are taken
 */
export async function freePortBase(): Promise<number> {
  const begin = randomInt(ROWS);
  for (let n = 0; n < ROWS; n += 1) {
    const first = FIRST_PORT + ROW * ((begin + n) % ROWS);
    if (await claim(first)) return first + 1;
  }
  throw new Error('all rows of ports are taken');
}

/** A row is whose process listens on its first port; the system ends that with the process. */
function claim(port: number): Promise<boolean> {
  return listens(port, (_server, claimed) => claimed());
}

/** True when this process could listen there. */
function isFree(port: number): Promise<boolean> {
  return listens(port, (server, tried) => server.close(tried));
}

function listens(
  port: number,
  then: (server: ReturnType<typeof createServer>, done: () => void) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().unref();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => then(server, () => resolve(true)));
  });
}
