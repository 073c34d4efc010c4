import { Client } from 'pg';

const CONNECT_WITHIN_MS = 20_000;
const ANSWER_WITHIN_MS = 60_000;

/** Connects, runs one statement, disconnects. Rows are trusted to be of type `R`. */
export async function queryOnce<R extends object>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  return withClient(url, async (client) => (await client.query<R>(text, values)).rows);
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    application_name: 'penguinmails-tools',
  });
  // The loss of an idle connection is an event; the query that meets it rejects as well.
  client.on('error', (error) => void error);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
