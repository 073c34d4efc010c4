import { API_KEY_FIELDS } from '../api-key/api-key.schema.js';
import { pick } from '../compose/pick.js';
import { type NewTenant, type Tenant, TENANT_FIELDS } from './tenant.schema.js';

/** A new tenant as the public API shows it. */
export function newTenant({ tenant, owner, domain, mailbox, api_keys }: Tenant): NewTenant {
  return {
    ...pick(tenant, TENANT_FIELDS),
    owner: pick(owner, ['object', 'id', 'email', 'name', 'role']),
    domain: pick(domain, ['object', 'id', 'name', 'status']),
    mailbox: pick(mailbox, ['object', 'id', 'address', 'status']),
    api_keys: api_keys.map((key) => pick(key, API_KEY_FIELDS)),
  };
}
