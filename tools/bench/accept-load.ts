import type { BenchTenant } from './accept-tenants.ts';
import { RawConnection } from './raw-connection.ts';

/** Latencies of the accepted ones in milliseconds; the others by their status or error. */
export interface LoadResult {
  seconds: number;
  latencies: number[];
  failures: Record<string, number>;
}

/** Makes the next request. */
export type NextRequest = () => { head: string; body: string };

const WORDS = 'your order has left our house and will be with you on the day that we agreed'.split(
  ' ',
);
const TEXTS = 200;
const DOMAINS = 40;

/** Texts of 1 to 5 kB, as JSON. */
function makeTexts(): string[] {
  return Array.from({ length: TEXTS }, (_value, at) => {
    const length = 1000 + (at * 4000) / TEXTS;
    let text = '';
    for (let word = at; text.length < length; word += 7)
      text += `${WORDS[(word * word + at) % WORDS.length]} ${word % 10 === 0 ? `${word}\n` : ''}`;
    return JSON.stringify(text);
  });
}

/** Requests of the tenants in turn, no two the same. @param withKey each with an Idempotency-Key */
export function requestsOf(tenants: readonly BenchTenant[], withKey: boolean): NextRequest {
  const texts = makeTexts();
  const run = Math.random().toString(36).slice(2, 10);
  let count = 0;
  return () => {
    const at = (count += 1);
    const tenant = tenants[at % tenants.length] as BenchTenant;
    const key = withKey ? `idempotency-key: bench-${run}-${at}\r\n` : '';
    const to = `r${at}-${run}@d${at % DOMAINS}.example`;
    const head =
      'POST /v1/emails HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n' +
      `authorization: Bearer ${tenant.key}\r\n${key}`;
    const body = `{"from":"${tenant.from}","to":"${to}","subject":"Order ${at}","text":${texts[at % TEXTS]}}`;
    return { head, body };
  };
}

/** As fast as answers come, `connections` requests at a time. */
export async function saturate(
  url: string,
  next: NextRequest,
  options: { connections: number; seconds: number },
): Promise<LoadResult> {
  const result = emptyResult();
  const began = performance.now();
  const end = began + options.seconds * 1000;
  const loop = async (): Promise<void> => {
    const connection = new RawConnection(url);
    while (performance.now() < end) await one(connection, next, performance.now(), result);
    connection.close();
  };
  await Promise.all(Array.from({ length: options.connections }, loop));
  result.seconds = (performance.now() - began) / 1000;
  return result;
}

/** At a fixed rate whatever the answers do; latency counts from the intended start. */
export async function atRate(
  url: string,
  next: NextRequest,
  options: { rate: number; seconds: number },
): Promise<LoadResult> {
  const result = emptyResult();
  const idle: RawConnection[] = [];
  const running: Promise<void>[] = [];
  const began = performance.now();
  const total = options.rate * options.seconds;
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, ((performance.now() - began) * options.rate) / 1000);
    for (; sent < due; sent += 1) {
      const connection = idle.pop() ?? new RawConnection(url);
      const intended = began + (sent * 1000) / options.rate;
      running.push(one(connection, next, intended, result).then(() => void idle.push(connection)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
  result.seconds = (performance.now() - began) / 1000;
  for (const connection of idle) connection.close();
  return result;
}

const emptyResult = (): LoadResult => ({ seconds: 0, latencies: [], failures: {} });

async function one(
  connection: RawConnection,
  next: NextRequest,
  intended: number,
  { latencies, failures }: LoadResult,
): Promise<void> {
  const { head, body } = next();
  const outcome = await connection.send(head, body).then(
    ({ status, body: text }) => (status === 202 ? '' : `${status} ${codeOf(text)}`),
    (error: Error) => error.message,
  );
  if (outcome === '') latencies.push(performance.now() - intended);
  else failures[outcome] = (failures[outcome] ?? 0) + 1;
}

const codeOf = (text: string): string => /"code":"([a-z_]+)"/.exec(text)?.[1] ?? '';
