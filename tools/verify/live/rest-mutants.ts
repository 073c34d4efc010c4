import type { LiveMutant } from './live-mutants.ts';

/** Guards of the ways through REST and the internal ports. */
export const restMutants: readonly LiveMutant[] = [
  {
    name: 'oltp finds e-mails of all tenants: no filter, no row level security',
    noticedBy: 46,
    change: {
      app: 'oltp',
      file: 'apps/oltp/dist/email/email.repository.js',
      find: 'FROM emails WHERE tenant_id = $1 AND id = $2`',
      replace: 'FROM emails WHERE $1::uuid IS NOT NULL AND id = $2`',
    },
    openTables: { tier: 'oltp', names: ['emails'] },
  },
  {
    name: 'the queue finds jobs of all tenants: no filter, no row level security',
    noticedBy: 46,
    change: {
      app: 'queue',
      file: 'apps/queue/dist/job/job.repository.js',
      find: 'FROM job_queue WHERE tenant_id = $1 AND id = $2',
      replace: 'FROM job_queue WHERE $1::uuid IS NOT NULL AND id = $2',
    },
    openTables: { tier: 'queue', names: ['job_queue'] },
  },
  {
    name: 'oltp takes 2 ms longer for e-mails of other tenants, no row level security',
    noticedBy: 47,
    change: {
      app: 'oltp',
      file: 'apps/oltp/dist/email/email.repository.js',
      find: 'FROM emails WHERE tenant_id = $1 AND id = $2`',
      replace: 'FROM emails WHERE id = $2 AND (tenant_id = $1 OR pg_sleep(0.002) IS NULL)`',
    },
    openTables: { tier: 'oltp', names: ['emails'] },
  },
  {
    name: 'the gateway believes a header that names a tenant',
    noticedBy: 69,
    change: {
      app: 'gateway',
      file: 'apps/gateway/dist/access/api-key-authenticator.js',
      find: 'return callerOf(identity, request.id);',
      replace: `return { ...callerOf(identity, request.id),
        tenantId: request.headers['x-tenant-id'] ?? identity.tenant_id };`,
    },
  },
  {
    name: 'cursors without their HMAC',
    noticedBy: 51,
    change: {
      app: 'gateway',
      file: 'libs/http/dist/page/cursor.js',
      find: 'mac.length !== MAC_BYTES || !timingSafeEqual(mac, expected)',
      replace: 'mac.length !== MAC_BYTES || !expected',
    },
  },
  {
    name: 'routes of operators are open to tenants',
    noticedBy: 62,
    change: {
      app: 'gateway',
      file: 'libs/http/dist/access/route-access.js',
      find: "return actor.kind === 'platform_key';",
      replace: 'return actor !== undefined;',
    },
  },
  {
    name: 'a tier that takes tokens without looking at their signature',
    noticedBy: 68,
    change: {
      app: 'content',
      file: 'libs/http/dist/token/token-claims.js',
      find: 'const { payload } = await jwtVerify(token, key, {',
      replace: 'const { payload } = await ((text) => ({ payload: decodeJwt(text) }))(token, key, {',
    },
  },
  {
    name: 'a batch whose items are all of its first caller',
    noticedBy: 68,
    change: {
      app: 'content',
      file: 'libs/http/dist/gathered/gathered-desk.js',
      find: 'const caller = known[at];',
      replace: 'const caller = at < 0 || known[0];',
    },
  },
  {
    name: 'a batch whose callers may do anything',
    noticedBy: 68,
    change: {
      app: 'oltp',
      file: 'libs/http/dist/gathered/gathered-desk.js',
      find: 'assertAccess(access, proven);',
      replace: '',
    },
  },
  {
    name: 'contents of several tenants stored under one of them',
    noticedBy: 68,
    change: {
      app: 'content',
      file: 'apps/content/dist/content/put-together.js',
      find: '({ call }) => call.tenantId',
      replace: '() => alike[0].call.tenantId',
    },
  },
  {
    name: 'the gateway gives each the answer of the next in the batch',
    noticedBy: 58,
    change: {
      app: 'gateway',
      file: 'libs/http/dist/tier-client/gathered-calls.js',
      find: 'answers.then((all) => answerAt(all, at))',
      replace: 'answers.then((all) => answerAt(all, (at + 1) % all.length))',
    },
  },
  {
    name: 'errors that tell their cause',
    noticedBy: 67,
    change: {
      app: 'gateway',
      file: 'libs/http/dist/problem/problem-document.js',
      find: 'title,\n',
      replace: 'title: `${title} ${problem.stack}`,\n',
    },
  },
];
