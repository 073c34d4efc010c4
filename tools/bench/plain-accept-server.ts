// The lower bound of bench:accept: Fastify, one table, one INSERT and one commit a request; no tenants,
// no key look-up, no validation beyond JSON, no events. node plain-accept-server.ts <database url>
import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import { Pool } from 'pg';

interface Message {
  from: string;
  to: string;
  subject: string;
  text: string;
}

const CONNECTIONS = 20;
const CONNECT_MS = 2000;
const STATEMENT_MS = 10_000;

const pool = new Pool({
  connectionString: process.argv[2],
  max: CONNECTIONS,
  connectionTimeoutMillis: CONNECT_MS,
  query_timeout: STATEMENT_MS,
});
pool.on('error', (error) => process.stderr.write(`${error.message}\n`));
await pool.query(
  `CREATE TABLE IF NOT EXISTS plain_emails (id uuid PRIMARY KEY, idempotency_key text UNIQUE,
     sender text, recipient text, subject text, body text, created_at timestamptz DEFAULT now())`,
);

const server = Fastify();
server.post<{ Body: Message }>('/v1/emails', async (request, reply) => {
  const { from, to, subject, text } = request.body;
  const id = randomUUID();
  const key = request.headers['idempotency-key'] ?? null;
  await pool.query({
    name: 'plain-accept',
    text: `INSERT INTO plain_emails (id, idempotency_key, sender, recipient, subject, body)
           VALUES ($1, $2, $3, $4, $5, $6)`,
    values: [id, key, from, to, subject, text],
  });
  return reply.code(202).send({ id, status: 'queued' });
});
process.send?.({ url: await server.listen({ host: '127.0.0.1', port: 0 }) });
process.on('disconnect', () => process.exit(0));
