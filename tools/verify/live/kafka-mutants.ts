import type { LiveMutant } from './live-mutants.ts';

/** Guards of what consumes events. */
export const kafkaMutants: readonly LiveMutant[] = [
  {
    name: 'a consumer that does not compare the tenants of an event',
    noticedBy: 71,
    change: {
      app: 'notifications',
      file: 'libs/outbox/dist/decode-record.js',
      find: 'if (!speaksOfOneTenant(type, { ...event, key }))',
      replace: 'if (!speaksOfOneTenant)',
    },
  },
  {
    name: 'a consumer that takes the tenant from the payload',
    noticedBy: 71,
    change: {
      app: 'notifications',
      file: 'libs/outbox/dist/decode-record.js',
      find: 'const event = received(type, envelope, record);',
      replace: `const read = received(type, envelope, record);
        const event = { ...read, tenantId: read.data.tenant_id ?? read.tenantId };`,
    },
  },
  {
    name: 'a consumer that keeps the tenant of the first event of a batch',
    noticedBy: 76,
    change: {
      app: 'olap',
      file: 'libs/outbox/dist/decode-record.js',
      find: 'tenantId: envelope.tenantId,',
      replace: 'tenantId: (globalThis.firstTenant ??= envelope.tenantId),',
    },
  },
  {
    name: 'content attaches by key alone: no pairs',
    noticedBy: 72,
    change: {
      app: 'content',
      file: 'apps/content/dist/content/content.system.repository.js',
      find: 'WHERE o.tenant_id = c.tenant_id AND o.storage_key = c.storage_key',
      replace: 'WHERE o.storage_key = c.storage_key',
    },
  },
  {
    name: 'content condemns by key alone: no pairs',
    noticedBy: 72,
    change: {
      app: 'content',
      file: 'apps/content/dist/content/content.system.repository.js',
      find: "WHERE o.tenant_id = p.tenant_id AND o.storage_key = p.storage_key\n         AND o.state = 'condemned'",
      replace: "WHERE o.storage_key = p.storage_key AND o.state = 'condemned'",
    },
  },
  {
    name: 'a consumer that throws at what it cannot decode',
    noticedBy: 80,
    change: {
      app: 'olap',
      file: 'libs/outbox/dist/decode-record.js',
      find: "return { kind: 'undecodable', record, reason: reasonOf(error, record) };",
      replace: 'throw error;',
    },
  },
];
